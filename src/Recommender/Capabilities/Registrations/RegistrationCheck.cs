using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Registrations;

/// <summary>What stands in the way of a registration, and what would follow if it were approved. Before and when it is decided, the same.</summary>
/// <param name="Verdict">clear, review or conflict.</param>
/// <param name="Grounds">What speaks against it: rules of the company first, then claims of others, our own deals, and what is missing.</param>
/// <param name="PartnerId">The partner.</param>
/// <param name="Account">The account; null if the company is none of ours yet.</param>
/// <param name="Candidates">Accounts that the company may be, if it is not sure which.</param>
/// <param name="DecideBy">Until when it is to be decided, UTC.</param>
/// <param name="ProtectedUntil">Until when it protects if it is approved now, UTC.</param>
/// <param name="Policy">By what.</param>
/// <param name="IsTie">True if another claim has equal rights: the adjudicator decides.</param>
/// <param name="Adjudicator">Who decides then; null for anybody.</param>
/// <param name="Work">What the partner did with the account, newest first.</param>
public sealed record RegistrationCheck(
    string Verdict,
    IReadOnlyList<Ground> Grounds,
    PartnerId PartnerId,
    Account? Account,
    IReadOnlyList<Account> Candidates,
    DateTime DecideBy,
    DateTime ProtectedUntil,
    RegistrationPolicy Policy,
    bool IsTie,
    string? Adjudicator,
    IReadOnlyList<DatedWork> Work
)
{
    /// <summary>Checks a registration that was submitted; null if its partner or account is not known any more.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="file">The registration.</param>
    /// <param name="now">Now, UTC.</param>
    public static RegistrationCheck? Of(HistoryState state, RuleSet rules, RegistrationFile file, DateTime now) =>
        Of(state, rules, RegistrationClaim.Of(file.Row, file.Submitted), now, file.Row);

    /// <summary>Checks a registration as it is submitted; null if its partner or account is unknown.</summary>
    /// <param name="state">The fold; the registration need not be in it.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="row">The registration.</param>
    /// <param name="submitted">How it was submitted; null of one that was made elsewhere.</param>
    /// <param name="now">When, UTC.</param>
    public static RegistrationCheck? Of(
        HistoryState state,
        RuleSet rules,
        DealRegistration row,
        RegistrationStep? submitted,
        DateTime now
    ) => Of(state, rules, RegistrationClaim.Of(row, submitted), now, submitted is null ? row : null);

    /// <summary>Checks a claim; null if the partner, or the account that it names, is unknown.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="now">Now, UTC.</param>
    /// <param name="own">The registration it is, if it was submitted.</param>
    public static RegistrationCheck? Of(
        HistoryState state,
        RuleSet rules,
        RegistrationClaim claim,
        DateTime now,
        DealRegistration? own = null
    )
    {
        // Who was merged into another is that other.
        claim = claim with
        {
            PartnerId = state.Merges.Last(FactTables.Partners, claim.PartnerId.Value),
            AccountId = AccountId.OrNone(claim.AccountId is { } said ? state.Merges.Last(FactTables.Accounts, said.Value) : null),
        };
        if (
            state.IndexOfPartner(claim.PartnerId) is not (>= 0 and var at)
            || state.PartnerStates[at] is not { Row: not null } partner
        )
            return null;
        var found = claim.AccountId is { } id
            ? new CompanyFound(state.FindAccount(id), [])
            : state.FindCompany(claim.Name, claim.Domain, claim.Country);
        if (claim.AccountId is not null && found.Account is null)
            return null;
        var review = new ClaimReview(state, claim, partner, found, own, now, rules);
        var grounds = review.Grounds();
        return new(
            Registrations.Grounds.VerdictOf(grounds),
            grounds,
            claim.PartnerId,
            found.Account,
            [.. found.Candidates.Select(one => one.Account)],
            Instants.ToMillisecond(review.SubmittedAt + review.Policy.Review),
            Instants.ToMillisecond(now + review.Policy.Protection),
            review.Policy,
            review.IsTie,
            review.Adjudicator,
            review.Work
        );
    }
}
