using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Conflicts;

/// <summary>Two claims on an account that cannot both stand, as the facts are.</summary>
/// <param name="Kind">One of <see cref="ConflictStep.Kinds"/>.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Rule">The company's rule, by its id, or the standing one.</param>
/// <param name="Since">Since when both stand, UTC.</param>
/// <param name="Sentence">What a person is told.</param>
/// <param name="Rows">The rows behind it.</param>
public sealed record FoundConflict(
    string Kind,
    AccountId AccountId,
    string Rule,
    DateTime Since,
    string Sentence,
    IReadOnlyList<GroundRow> Rows
)
{
    /// <summary>The partner that holds the account; null where we do, or a rule keeps it.</summary>
    public PartnerId? Holder { get; init; }

    /// <summary>The registration that it holds it by; null where a rule does.</summary>
    public string? HolderClaim { get; init; }

    /// <summary>The partner that came into it; null if we did.</summary>
    public PartnerId? Other { get; init; }

    /// <summary>The registration or the deal by which it did; null where it may be several.</summary>
    public string? OtherClaim { get; init; }

    internal const int MostRows = 10;

    /// <summary>The step that it is found by.</summary>
    internal ConflictStep Step(string id, DateTime now, long rulesVersion) =>
        new(id, "detected", now, AccountId, Kind)
        {
            RuleId = Rule,
            RulesVersion = rulesVersion,
            HolderId = Holder,
            HolderClaim = HolderClaim,
            OtherId = Other,
            OtherClaim = OtherClaim,
            Since = Since,
            Sentence =
                Sentence.Length > ConflictsCapability.Steps.MostText ? Sentence[..ConflictsCapability.Steps.MostText] : Sentence,
            Evidence = ConflictsCapability.Steps.EvidenceOf(Rows),
        };

    /// <summary>What tells it from others on its account.</summary>
    public string Key => ConflictKey.Of(Kind, HolderClaim, Rule, OtherClaim, Other);
}

/// <summary>
/// Finds the conflicts on an account: a plain function of fold, rules and moment. A registration counts while it protects or waits, a deal
/// while it is open, a partner on it while its work has not ended.
/// </summary>
public sealed class ConflictFinder
{
    const string OneRegistration = "one_live_registration";
    const string OwnDeal = "own_deal_on_registered_account";
    const string PartnerIn = "partner_on_registered_account";

    readonly HistoryState _state;
    readonly RuleSet _rules;
    readonly AccountState _account;
    readonly DateTime _now;
    readonly List<RegistrationStanding> _claims;
    readonly List<FoundConflict> _found = [];
    readonly Dictionary<string, int> _ofRules = new(StringComparer.Ordinal);

    ConflictFinder(HistoryState state, RuleSet rules, AccountState account, DateTime now)
    {
        (_state, _rules, _account, _now) = (state, rules, account, now);
        _claims =
        [
            .. state
                .RegistrationsOf(account.Id, now)
                .Where(one =>
                    (one.IsLive || one.State == "submitted") && one.Row.SubmittedAt <= now && IsKnown(one.Row.PartnerId)
                )
                .OrderBy(one => !one.IsLive)
                .ThenBy(one => (one.Row.SubmittedAt, one.Row.Id), Several.ByMoment),
        ];
    }

    /// <summary>The conflicts on an account; none if it is not known.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="rules">The rules that hold.</param>
    /// <param name="id">The account.</param>
    /// <param name="now">Now, UTC.</param>
    public static IReadOnlyList<FoundConflict> Of(HistoryState state, RuleSet rules, AccountId id, DateTime now)
    {
        if (state.FindAccountState(id) is not { Row: not null } account)
            return [];
        var finder = new ConflictFinder(state, rules, account, now);
        var deals = state.DealsOf(account).Where(deal => deal.IsOpen && deal.Row.CreatedAt <= now).ToList();
        if (finder._claims.Count == 0 && deals.TrueForAll(deal => deal.Engagements.Length == 0))
            return [];
        finder.LookAtClaims();
        foreach (var deal in deals)
            finder.LookAtDeal(deal);
        finder.LookAtRules(deals);
        return finder._found;
    }

    bool IsKnown(PartnerId id) => _state.FindPartner(id) is not null;

    static GroundRow RowOf(DealRegistration row) => new(FactTables.DealRegistrations.Name, row.Id, row.SubmittedAt);

    static GroundRow RowOf(Opportunity row) => new(FactTables.Opportunities.Name, row.Id.Value, row.CreatedAt);

    static GroundRow RowOf(EngagementEntry entry) => new(FactTables.Engagements.Name, entry.Id, entry.StartedAt);

    string Holds(DealRegistration row) =>
        $"{_state.NameOf(row.PartnerId)} holds the live registration {row.Id}{(row.ExpiresAt is { } end ? $" until {Format.Day(end)}" : "")}";

    /// <summary>The company's rule of a kind that is about the account and a product, or the standing one.</summary>
    string RuleOf(string kind, string? product, string standing) =>
        Concerned(product, isOfAll: product is null).FirstOrDefault(rule => rule.Kind == kind)?.Id ?? standing;

    List<Rule> Concerned(string? product, bool isOfAll) =>
        _rules.About(_account.Row!, _account.Merged, product, _now, isOfAll) ?? [];

    /// <summary>Each registration conflicts with those before it that are of other partners and for the same; of several for the same, with the best.</summary>
    void LookAtClaims()
    {
        for (var c = 1; c < _claims.Count; c++)
        {
            var second = _claims[c];
            var met = new List<DealRegistration>();
            foreach (var first in _claims.Take(c))
            {
                if (
                    first.Row.PartnerId == second.Row.PartnerId
                    || !first.Row.IsAbout(second.Row.Product)
                    || met.Exists(before => IsForAllOf(before, second.Row.Product ?? first.Row.Product))
                )
                    continue;
                met.Add(first.Row);
                Add(first, second);
            }
        }
    }

    /// <summary>True if a registration is for a product, or for everything if that is null.</summary>
    static bool IsForAllOf(DealRegistration row, string? product) =>
        row.Product is null || product is not null && TextKey.AreSame(row.Product, product);

    void Add(RegistrationStanding before, RegistrationStanding after)
    {
        var (first, second) = (before.Row, after.Row);
        var came = before.IsLive
            ? Holds(first)
            : $"{_state.NameOf(first.PartnerId)} has submitted {first.Id} on {Format.Day(first.SubmittedAt)}";
        var comes = after.IsLive
            ? $"{_state.NameOf(second.PartnerId)} holds {second.Id} for the same"
            : $"{_state.NameOf(second.PartnerId)} has submitted {second.Id} for the same on {Format.Day(second.SubmittedAt)}";
        _found.Add(
            new(
                "second_registration",
                _account.Id,
                RuleOf("registration", first.Product ?? second.Product, OneRegistration),
                HistoryRow.Later(first.SubmittedAt, second.SubmittedAt),
                $"{came}; {comes}",
                [RowOf(first), RowOf(second)]
            )
            {
                Holder = first.PartnerId,
                HolderClaim = first.Id,
                Other = second.PartnerId,
                OtherClaim = second.Id,
            }
        );
    }

    /// <summary>A deal for what a partner holds: of our own, or with another partner on it.</summary>
    void LookAtDeal(OpportunityState deal)
    {
        var row = deal.Row;
        if (_claims.Find(one => one.IsLive && one.Row.IsAbout(row.Product)) is not { Row: var held })
            return;
        if (_state.PartnersOn(row.Id, _now).Count == 0)
        {
            _found.Add(
                new(
                    "direct_deal",
                    _account.Id,
                    RuleOf("account_class", row.Product, OwnDeal),
                    HistoryRow.Later(held.DecidedAt ?? held.SubmittedAt, row.CreatedAt),
                    $"{Holds(held)}; we work on the open deal {row.Id} there without a partner since {Format.Day(row.CreatedAt)}",
                    [RowOf(held), RowOf(row)]
                )
                {
                    Holder = held.PartnerId,
                    HolderClaim = held.Id,
                    OtherClaim = row.Id.Value,
                }
            );
            return;
        }
        // Who holds it for one product may well work on a deal for another.
        foreach (var entry in PartnersOn(deal))
        {
            var partner = _state.PartnerId(entry.Partner);
            if (
                partner == held.PartnerId
                || _claims.Exists(one => one.IsLive && one.Row.PartnerId == partner && one.Row.IsAbout(row.Product))
                || _found.Exists(one => one.Kind == "held_account" && one.HolderClaim == held.Id && one.Other == partner)
            )
                continue;
            _found.Add(
                new(
                    "held_account",
                    _account.Id,
                    RuleOf("registration", row.Product, PartnerIn),
                    HistoryRow.Later(held.DecidedAt ?? held.SubmittedAt, entry.StartedAt),
                    $"{Holds(held)}; {_state.NameOf(partner)} works on the open deal {row.Id} there since {Format.Day(entry.StartedAt)}",
                    [RowOf(held), RowOf(entry)]
                )
                {
                    Holder = held.PartnerId,
                    HolderClaim = held.Id,
                    Other = partner,
                }
            );
        }
    }

    /// <summary>Partners whose work on a deal goes on, by the entry of each that counts.</summary>
    List<EngagementEntry> PartnersOn(OpportunityState deal)
    {
        var partners = new List<EngagementEntry>();
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            var entry = deal.Engagements[e];
            if (
                deal.Counts(e)
                && entry.StartedAt <= _now
                && deal.EndOf(entry.Partner) > _now
                && _state.FindPartner(entry.Partner) is not null
            )
                partners.Add(entry);
        }
        return partners;
    }

    /// <summary>A partner with a registration, or on a deal, where a rule of the company keeps it out.</summary>
    void LookAtRules(List<OpportunityState> deals)
    {
        if (_rules.Rules.Count == 0)
            return;
        foreach (var claim in _claims)
            LookAtRules(
                claim.Row.PartnerId,
                claim.Row.Product,
                claim.Row.Product is null,
                claim.Row.SubmittedAt,
                RowOf(claim.Row)
            );
        foreach (var deal in deals)
        {
            foreach (var entry in PartnersOn(deal))
                LookAtRules(_state.PartnerId(entry.Partner), deal.Row.Product, false, entry.StartedAt, RowOf(entry));
        }
    }

    void LookAtRules(PartnerId id, string? product, bool isOfAll, DateTime since, GroundRow row)
    {
        var partner = _state.PartnerStates[_state.IndexOfPartner(id)];
        foreach (var rule in Concerned(product, isOfAll))
        {
            if (
                KindOf(rule) is not { } kind
                || RuleSet.Excludes(rule, _account.Row!, partner, product, () => null, _now) is not { } sentence
            )
                continue;
            var key = ConflictKey.Of(kind, null, rule.Id, null, id);
            // One for all that the partner does there.
            if (_ofRules.TryGetValue(key, out var known))
            {
                var before = _found[known];
                _found[known] = before with
                {
                    Since = before.Since < since ? before.Since : since,
                    Rows = before.Rows.Count < FoundConflict.MostRows ? [.. before.Rows, row] : before.Rows,
                };
            }
            else
            {
                _ofRules[key] = _found.Count;
                _found.Add(
                    new(
                        kind,
                        _account.Id,
                        rule.Id,
                        since,
                        $"{_state.NameOf(id)} {(row.Table == FactTables.Engagements.Name ? "works on a deal there" : $"has the registration {row.Id}")}: {sentence}",
                        [row]
                    )
                    {
                        Other = id,
                    }
                );
            }
        }
    }

    /// <summary>What a partner that a rule keeps out makes; null of rules that say what a partner can do, and not whose an account is.</summary>
    static string? KindOf(Rule rule) =>
        rule.Kind switch
        {
            "territory" => "territory",
            "partner_only" => "held_account",
            "house_account" or "do_not_share" => "house_account",
            "account_class" when rule.Class == "direct" => "house_account",
            _ => null,
        };
}
