using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Conflicts;

/// <summary>Something that somebody holds on an account, or that stands against it.</summary>
/// <param name="Kind">One of <see cref="AccountClaims.Kinds"/>.</param>
/// <param name="Sentence">What a person is told.</param>
/// <param name="LeavesOut">Which partners the ranking leaves out for it: all, others, some or none.</param>
/// <param name="Rows">The rows behind it.</param>
public sealed record AccountClaim(string Kind, string Sentence, string LeavesOut, IReadOnlyList<GroundRow> Rows)
{
    /// <summary>The partner whose it is; null where it is ours, or a rule's.</summary>
    public PartnerId? PartnerId { get; init; }

    /// <summary>The partner's name, or its id.</summary>
    public string? PartnerName { get; init; }

    /// <summary>The rule of the company by which it holds, or leaves partners out; null if none does.</summary>
    public string? Rule { get; init; }

    /// <summary>Since when, UTC; null if that is not said.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Until when, UTC; null for ever, or if that is not said.</summary>
    public DateTime? Until { get; init; }

    /// <summary>The conflict, if it is one; the registration or the deal, if it is one.</summary>
    public string? Id { get; init; }
}

/// <summary>Who holds an account, before anybody calls a partner: a plain function of fold, rules and moment.</summary>
public static class AccountClaims
{
    /// <summary>What a claim may be, in the order in which they are told.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    ["conflict", "live_registration", "waiting_registration", "rule", "direct_deal", "partner_on_deal", "overlap"];

    /// <summary>The claims on an account; null if it is not known.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="id">The account.</param>
    /// <param name="now">Now, UTC.</param>
    public static IReadOnlyList<AccountClaim>? Of(HistoryState state, RuleSet rules, AccountId id, DateTime now)
    {
        if (state.FindAccountState(id) is not { Row: { } row } account)
            return null;
        var claims = new List<AccountClaim>();
        foreach (var conflict in ConflictList.Of(state, "open", accountId: id))
            claims.Add(
                new("conflict", conflict.Found.Sentence!, "none", conflict.Found.Rows())
                {
                    PartnerId = conflict.Found.HolderId,
                    Rule = conflict.Found.RuleId,
                    Since = conflict.Found.Since,
                    Id = conflict.Id,
                }
            );
        AddRegistrations(claims, state, rules, account, now);
        foreach (var rule in rules.About(row, account.Merged, null, now, isOfAll: true) ?? [])
        {
            if (OfRule(rule) is { } said)
                claims.Add(said);
        }
        foreach (var deal in state.OpenDealsOf(id))
        {
            if (deal.CreatedAt > now)
                continue;
            var (partners, opened) = (state.PartnersOn(deal.Id, now), new GroundRow("opportunities", deal.Id.Value, deal.CreatedAt));
            var about = $"deal {deal.Id}{(deal.Product is { } product ? $" ({product})" : "")}";
            if (partners.Count == 0)
                claims.Add(
                    new("direct_deal", $"We work on the open {about} without a partner", "none", [opened])
                    {
                        Since = deal.CreatedAt,
                        Id = deal.Id.Value,
                    }
                );
            foreach (var partner in partners)
                claims.Add(
                    new("partner_on_deal", $"{NameOf(state, state.PartnerId(partner))} works on the open {about}", "none", [opened])
                    {
                        PartnerId = state.PartnerId(partner),
                        Since = deal.CreatedAt,
                        Id = deal.Id.Value,
                    }
                );
        }
        AddOverlaps(claims, state, account, now);
        return
        [
            .. claims
                .Select(claim => claim with { PartnerName = claim.PartnerId is { } partner ? NameOf(state, partner) : null })
                .OrderBy(claim => Kinds.TakeWhile(kind => kind != claim.Kind).Count()),
        ];
    }

    static string NameOf(HistoryState state, PartnerId id) => state.FindPartner(id)?.Name ?? id.Value;

    static void AddRegistrations(
        List<AccountClaim> claims,
        HistoryState state,
        RuleSet rules,
        AccountState account,
        DateTime now
    )
    {
        foreach (
            var (row, standing, isLive) in state
                .RegistrationsOf(account.Id, now)
                .Where(one => one.IsLive || one.State == "submitted")
                .OrderBy(one => one.Row.SubmittedAt)
                .ThenBy(one => one.Row.Id, StringComparer.Ordinal)
        )
        {
            var name = NameOf(state, row.PartnerId);
            var product = row.Product is null ? "everything" : row.Product;
            var keeps = rules
                .About(account.Row!, account.Merged, row.Product, now, isOfAll: row.Product is null)
                ?.Find(rule => rule.Kind == "registration");
            claims.Add(
                new(
                    isLive ? "live_registration" : "waiting_registration",
                    !isLive ? $"{name} has submitted {row.Id} for {product} on {Format.Day(row.SubmittedAt)}: it waits for a decision"
                        : $"{name} holds the live registration {row.Id} for {product}{(row.ExpiresAt is { } end ? $" until {Format.Day(end)}" : "")}",
                    !isLive || keeps is null ? "none"
                        : keeps.Partners is null ? "others"
                        : "some",
                    [new(FactTables.DealRegistrations.Name, row.Id, isLive ? row.DecidedAt ?? row.SubmittedAt : row.SubmittedAt)]
                )
                {
                    PartnerId = row.PartnerId,
                    Rule = isLive ? keeps?.Id : null,
                    Since = isLive ? row.DecidedAt ?? row.SubmittedAt : row.SubmittedAt,
                    Until = isLive ? row.ExpiresAt : null,
                    Id = row.Id,
                }
            );
        }
    }

    /// <summary>What a rule says of whose the account is; null of one that says what a partner can do.</summary>
    static AccountClaim? OfRule(Rule rule)
    {
        var part = rule.Products is { } products ? $" ({string.Join(", ", products)})" : "";
        var (sentence, leavesOut) = rule.Kind switch
        {
            "house_account" => ("A house account: sold without partners", rule.Partners is null ? "all" : "some"),
            "partner_only" => ("Kept for the partners that the rule names", "others"),
            "do_not_share" when rule.Accounts is not null => ("Not to be shared", rule.Partners is null ? "all" : "some"),
            "account_class" => rule.Class switch
            {
                "direct" => ("Sold directly: without partners", "all"),
                "partner" => ("Sold by partners", "none"),
                _ => ("Sold by us and by partners: a person decides between the two", "none"),
            },
            _ => (null, "none"),
        };
        return sentence is null
            ? null
            : new AccountClaim("rule", (rule.Detail ?? sentence) + part, leavesOut, [])
            {
                Rule = rule.Id,
                Since = rule.From,
                Until = rule.To,
            };
    }

    static void AddOverlaps(List<AccountClaim> claims, HistoryState state, AccountState account, DateTime now)
    {
        if (account.Pairs is not { } pairs)
            return;
        foreach (var partner in pairs.Partners)
        {
            if (state.FindPartner(partner) is not { } row)
                continue;
            foreach (var overlap in (pairs[partner].Overlaps ?? []).Where(one => one.IsLive(now)))
                claims.Add(
                    new(
                        "overlap",
                        $"{row.Name ?? row.Id.Value} holds it as {Format.Plain(overlap.Population)} since {Format.Day(overlap.Since)}",
                        "none",
                        [GroundRow.Of(overlap)]
                    )
                    {
                        PartnerId = row.Id,
                        Since = overlap.Since,
                    }
                );
        }
    }
}
