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

    /// <summary>False of a registration or a rule that is for other products than the ranking is about.</summary>
    public bool IsForThis { get; init; } = true;
}

/// <summary>Who holds an account, before anybody calls a partner: a plain function of fold, rules, what is to be sold and moment.</summary>
public sealed class AccountClaims
{
    readonly HistoryState _state;
    readonly RuleSet _rules;
    readonly AccountState _account;
    readonly string? _product;
    readonly DateTime _now;
    readonly List<Rule> _concerned;
    readonly List<AccountClaim> _claims = [];

    AccountClaims(HistoryState state, RuleSet rules, AccountState account, string? product, DateTime now)
    {
        (_state, _rules, _account, _product, _now) = (state, rules, account, product, now);
        _concerned = About(product);
    }

    /// <summary>What a claim may be, in the order in which they are told.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    ["conflict", "live_registration", "waiting_registration", "rule", "direct_deal", "partner_on_deal", "overlap"];

    /// <summary>The claims on an account, with what the ranking makes of them; null if it is not known.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="id">The account.</param>
    /// <param name="product">What the ranking is about; null if it is about the account as such.</param>
    /// <param name="now">Now, UTC.</param>
    public static IReadOnlyList<AccountClaim>? Of(HistoryState state, RuleSet rules, AccountId id, string? product, DateTime now)
    {
        if (state.FindAccountState(id) is not { Row: not null } account)
            return null;
        var claims = new AccountClaims(state, rules, account, product, now);
        claims.AddConflicts();
        claims.AddRegistrations();
        claims.AddRules();
        claims.AddDeals();
        claims.AddOverlaps();
        return
        [
            .. claims
                ._claims.Select(claim =>
                    claim with
                    {
                        PartnerName = claim.PartnerId is { } partner ? state.NameOf(partner) : null,
                    }
                )
                .OrderBy(claim => Several.Rank(Kinds, claim.Kind)),
        ];
    }

    /// <summary>The rules that stand before the ranking of a product.</summary>
    List<Rule> About(string? product) => _rules.About(_account.Row!, _account.Merged, product, _now) ?? [];

    void AddConflicts()
    {
        foreach (var conflict in ConflictList.Of(_state, "open", accountId: _account.Id))
        {
            var found = conflict.AsItStands(_state, _rules, _now).Found;
            _claims.Add(
                new("conflict", found.Sentence!, "none", found.Rows())
                {
                    PartnerId = AccountConflict.Now(_state, found.HolderId),
                    Rule = found.RuleId,
                    Since = found.Since,
                    Id = conflict.Id,
                }
            );
        }
    }

    void AddRegistrations()
    {
        // One for all partners says more than one for some.
        var keeps = _concerned
            .Where(rule => rule.Kind == "registration")
            .OrderBy(rule => rule.Partners is not null)
            .FirstOrDefault();
        foreach (
            var (row, _, isLive) in _state
                .RegistrationsOf(_account.Id, _now)
                .Where(one => one.IsLive || one.State == "submitted")
                .OrderBy(one => (one.Row.SubmittedAt, one.Row.Id), Several.ByMoment)
        )
        {
            var (name, product) = (_state.NameOf(row.PartnerId), row.Product ?? "everything");
            var isForThis = row.IsAbout(_product);
            var rule = isLive && isForThis ? keeps : null;
            var since = isLive ? row.DecidedAt ?? row.SubmittedAt : row.SubmittedAt;
            _claims.Add(
                new(
                    isLive ? "live_registration" : "waiting_registration",
                    isLive
                        ? $"{name} holds the live registration {row.Id} for {product}{(row.ExpiresAt is { } end ? $" until {Format.Day(end)}" : "")}"
                        : $"{name} has submitted {row.Id} for {product} on {Format.Day(row.SubmittedAt)}: it waits for a decision",
                    rule is null ? "none"
                        : rule.Partners is null ? "others"
                        : "some",
                    [new(FactTables.DealRegistrations.Name, row.Id, since)]
                )
                {
                    PartnerId = row.PartnerId,
                    Rule = rule?.Id,
                    Since = since,
                    Until = isLive ? row.ExpiresAt : null,
                    Id = row.Id,
                    IsForThis = isForThis,
                }
            );
        }
    }

    /// <summary>Rules that say whose the account is: first those before this ranking, then those for other products.</summary>
    void AddRules()
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in _concerned)
        {
            if (OfRule(rule) is { } said && listed.Add(rule.Id))
                _claims.Add(said);
        }
        foreach (var product in _rules.Rules.SelectMany(rule => rule.Products ?? []).Distinct(TextKey.Comparer))
        {
            foreach (var rule in About(product))
            {
                if (rule.Products is not null && OfRule(rule) is { } said && listed.Add(rule.Id))
                    _claims.Add(said with { LeavesOut = "none", IsForThis = false });
            }
        }
    }

    /// <summary>What a rule says of whose the account is; null of one that says what a partner can do.</summary>
    static AccountClaim? OfRule(Rule rule)
    {
        var part = rule.Products is { } products ? $", for {string.Join(", ", products)}" : "";
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

    void AddDeals()
    {
        foreach (var deal in _state.OpenDealsOf(_account.Id).Where(deal => deal.CreatedAt <= _now))
        {
            var partners = _state.PartnersOn(deal.Id, _now);
            var opened = new GroundRow(FactTables.Opportunities.Name, deal.Id.Value, deal.CreatedAt);
            var about = $"deal {deal.Id}{(deal.Product is { } product ? $" ({product})" : "")}";
            if (partners.Count == 0)
                _claims.Add(
                    new("direct_deal", $"We work on the open {about} without a partner", "none", [opened])
                    {
                        Since = deal.CreatedAt,
                        Id = deal.Id.Value,
                    }
                );
            foreach (var partner in partners.Select(_state.PartnerId))
                _claims.Add(
                    new("partner_on_deal", $"{_state.NameOf(partner)} works on the open {about}", "none", [opened])
                    {
                        PartnerId = partner,
                        Since = deal.CreatedAt,
                        Id = deal.Id.Value,
                    }
                );
        }
    }

    void AddOverlaps()
    {
        if (_account.Pairs is not { } pairs)
            return;
        foreach (var partner in pairs.Partners)
        {
            if (_state.FindPartner(partner) is not { } row)
                continue;
            foreach (var overlap in (pairs[partner].Overlaps ?? []).Where(one => one.IsLive(_now)))
                _claims.Add(
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
