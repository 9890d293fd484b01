using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Ranking;

/// <summary>Who may be ranked: partners known and joined, less those whom a rule, a decline or the caller leaves out.</summary>
sealed class CandidateChoice(HistoryState state)
{
    public const int MostExcludedListed = 1000;

    /// <summary>For how many days a partner that declined is left out for that deal.</summary>
    const int DeclinedDays = 90;

    /// <summary>Puts those who may be ranked onto the workspace; returns how many a rule excludes.</summary>
    public int Choose(
        RankingWorkspace workspace,
        RankingRequest request,
        RuleSet rules,
        Account account,
        Decision decision,
        IReadOnlyList<int> onDeal,
        List<ExcludedPartner> excluded,
        int mostListed = MostExcludedListed
    )
    {
        var asOf = request.AsOf;
        var ofAccount = state.FindAccountState(account.Id) ?? state.Imagine(account);
        var concerned = rules.About(account, ofAccount.Merged, decision.Opportunity.Product, asOf);
        var customer = CompanyIdentity.Of(account, ofAccount.Merged);
        var count = 0;
        void Exclude(PartnerState partner, string rule, string detail)
        {
            if (count++ < mostListed)
                excluded.Add(new(partner.Id.Value, rule, detail));
        }
        workspace.Clear(state.PartnerCount);
        for (var partner = 0; partner < state.PartnerCount; partner++)
        {
            var known = state.PartnerStates[partner];
            if (known.Row is not { } row)
                continue;
            var pair = ofAccount.Pairs is { } pairs && pairs.TryGet(partner, out var history) ? history : default;
            if (request.Filters?.Admits(row, known.Merged, pair.Engagements > 0) == false)
                continue;
            if (onDeal.Count > 0 && onDeal.Contains(partner))
            {
                Exclude(known, "already_engaged", "Already works on this opportunity");
                continue;
            }
            if (customer.SameAs(known.Identity!) is (var why, true))
            {
                Exclude(known, "same_company", $"Is the customer itself: {why}");
                continue;
            }
            if (pair.Declines is { } declines && DeclineOf(declines, request.OpportunityId, asOf) is { } declined)
            {
                Exclude(known, "declined", FormattableString.Invariant($"Declined on {declined.At:yyyy-MM-dd}"));
                continue;
            }
            if (concerned is not null && Excluding(concerned, account, ofAccount, known, partner, decision) is var (rule, detail))
            {
                Exclude(known, rule, detail);
                continue;
            }
            workspace.Add(partner);
        }
        return count;
    }

    /// <summary>The partners that are known which a rule leaves out, in the order in which they came.</summary>
    public IEnumerable<ExcludedPartner> ExcludedByRules(RuleSet rules, Decision decision, PartnerId? only)
    {
        var (first, count) = only is { } one ? (state.IndexOfPartner(one), 1) : (0, state.PartnerCount);
        if (
            state.FindAccountState(decision.Opportunity.AccountId) is not { Row: { } account } ofAccount
            || rules.About(account, ofAccount.Merged, decision.Opportunity.Product, decision.AsOf) is not { } concerned
        )
            yield break;
        for (var partner = first; partner >= 0 && partner < first + count; partner++)
        {
            var known = state.PartnerStates[partner];
            if (known.Row is not null && Excluding(concerned, account, ofAccount, known, partner, decision) is var (rule, detail))
                yield return new(known.Id.Value, rule, detail);
        }
    }

    (string Rule, string Detail)? Excluding(
        List<Rule> concerned,
        Account account,
        AccountState ofAccount,
        PartnerState known,
        int partner,
        Decision decision
    )
    {
        foreach (var rule in concerned)
        {
            if (
                RuleSet.Excludes(
                    rule,
                    account,
                    known,
                    decision.Opportunity.Product,
                    () => OtherHolders(ofAccount, partner, decision) is [var first, ..] ? first : null,
                    decision.AsOf
                ) is
                { } detail
            )
                return (rule.Id, detail);
        }
        return null;
    }

    /// <summary>The last time the partner declined the deal, or the account as such, that counts still; null if it did not.</summary>
    static Feedback? DeclineOf(Feedback[] declines, OpportunityId? opportunityId, DateTime asOf)
    {
        Feedback? last = null;
        foreach (var decline in declines)
        {
            if (
                decline.OpportunityId == opportunityId
                && (asOf - decline.At).TotalDays <= DeclinedDays
                && (last is null || decline.At > last.At)
            )
                last = decline;
        }
        return last;
    }

    /// <summary>Names of other partners with a live registration on the account for what is sold.</summary>
    public string[] OtherHolders(AccountState? account, int partner, Decision decision)
    {
        List<string>? names = null;
        if (account?.Pairs is { } pairs)
        {
            foreach (var other in pairs.Partners)
            {
                if (
                    other != partner
                    && pairs[other] is { Registrations: not null } pair
                    && pair.LiveRegistration(decision.AsOf, decision.Opportunity.Product) is { } claim
                )
                    (names ??= []).Add(state.PartnerStates[other].Row?.Name ?? claim.PartnerId.Value);
            }
        }
        return names is null ? [] : [.. names];
    }
}
