using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Ranking;

/// <summary>What is wrong with a set of rules, and in which line of its text (from 1).</summary>
public sealed record RuleFault(int Line, string Message);

/// <summary>
/// A rule of the company. Conditions name columns of accounts or partners (custom ones too, account_id and partner_id for single ones),
/// whatever their case, blanks and marks, and the values they may have; all columns must match. Id, name, domain and external id are those
/// of rows that were merged into it, too.
/// </summary>
public sealed record Rule
{
    /// <summary>What exclusions are listed under.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// registration, house_account, partner_only, territory, certification, capacity, do_not_share or account_class, which stand before the
    /// ranking; registration_window or auto_approve, which say how registrations are decided; handoff, which says what handoffs need.
    /// </summary>
    public required string Kind { get; init; }

    /// <summary>What a person is told; null for a standing sentence.</summary>
    public string? Detail { get; init; }

    /// <summary>Accounts the rule is about; null for all.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Accounts { get; init; }

    /// <summary>Partners the rule is about (partner_only: those that may); null for all.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Partners { get; init; }

    /// <summary>Products the rule is about; null for all.</summary>
    public IReadOnlyList<string>? Products { get; init; }

    /// <summary>The competency a partner must be certified in; null for the deal's product.</summary>
    public string? Competency { get; init; }

    /// <summary>How many open deals a partner may have.</summary>
    public int? Limit { get; init; }

    /// <summary>
    /// How an account is sold: direct, then without partners; partner, then our own open deal is none in a partner's way; shared, then a
    /// person decides between the two. The first rule that is about an account holds.
    /// </summary>
    public string? Class { get; init; }

    /// <summary>Within how many hours a registration is to be decided; null for 48. The first rule of the kind that fits holds.</summary>
    public double? ReviewHours { get; init; }

    /// <summary>For how many days an approved registration protects; null for 90.</summary>
    public double? ProtectionDays { get; init; }

    /// <summary>By how many days it is extended; null for 30.</summary>
    public double? ExtensionDays { get; init; }

    /// <summary>How often; null for once.</summary>
    public int? Extensions { get; init; }

    /// <summary>Who decides where two claims have equal rights: the id of a key, or the subject of a token; null for anybody.</summary>
    public string? Adjudicator { get; init; }

    /// <summary>What a packet has to say before a handoff may be sent, by the names of its fields; of all rules of the kind that fit.</summary>
    public IReadOnlyList<string>? Needs { get; init; }

    /// <summary>Within how many hours a handoff is to be accepted; null for 48. Of rules of the kind that fit, the first that says it holds.</summary>
    public double? AcceptHours { get; init; }

    /// <summary>Within how many hours, once it was accepted, buyer and receiver are to be introduced; null for 120.</summary>
    public double? IntroduceHours { get; init; }

    /// <summary>Within how many hours, once they were introduced, they are to meet; null for 336.</summary>
    public double? MeetHours { get; init; }

    /// <summary>The rule is about handoffs worth so much or more, in the base currency; null for all.</summary>
    public double? MinAmount { get; init; }

    /// <summary>The rule holds from then on, inclusive; null for always.</summary>
    public DateTime? From { get; init; }

    /// <summary>The rule holds until then, exclusive; null for ever.</summary>
    public DateTime? To { get; init; }
}

/// <summary>The rules that stand before the model, in one version. Immutable.</summary>
public sealed class RuleSet
{
    static readonly string[] _kinds =
    [
        "registration",
        "house_account",
        "partner_only",
        "territory",
        "certification",
        "capacity",
        "do_not_share",
        "account_class",
        "registration_window",
        "auto_approve",
        "handoff",
    ];

    /// <summary>What a packet may have to say.</summary>
    internal static IReadOnlyList<string> PacketFields { get; } =
    [
        "account_and_opportunity",
        "partner_and_contact",
        "why_this_partner",
        "trigger",
        "joint_value",
        "warm_path",
        "our_next_move",
        "partner_next_move",
        "conflict_and_credit",
        "evidence",
        "owner_and_due_date",
    ];

    static readonly string[] _classes = ["direct", "partner", "shared"];

    static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    RuleSet(long version, IReadOnlyList<Rule> rules) => (Version, Rules) = (version, rules);

    /// <summary>No rules: version 0.</summary>
    public static RuleSet None { get; } = new(0, []);

    /// <summary>Which version of the rules this is.</summary>
    public long Version { get; }

    /// <summary>The rules, in the order in which they are applied.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>Reads {"rules": […]}; null if anything is wrong, with all that is.</summary>
    /// <param name="text">JSON in UTF-8.</param>
    /// <param name="version">The version it is to have.</param>
    /// <param name="faults">What is wrong, with lines.</param>
    public static RuleSet? Read(ReadOnlySpan<byte> text, long version, out IReadOnlyList<RuleFault> faults)
    {
        var found = new List<RuleFault>();
        faults = found;
        var rules = new List<Rule>();
        var reader = new Utf8JsonReader(text);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new JsonException("expected an object with the property rules");
            var isThere = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!reader.ValueTextEquals("rules") || isThere)
                    throw new JsonException("expected the property rules, once, and no other");
                isThere = true;
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                    throw new JsonException("rules: expected a list");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var line = LineAt(text, reader.TokenStartIndex);
                    var start = reader.TokenStartIndex;
                    if (reader.TokenType != JsonTokenType.StartObject)
                    {
                        found.Add(new(line, "expected a rule, an object with id and kind"));
                        reader.Skip();
                        continue;
                    }
                    reader.Skip();
                    Rule? rule = null;
                    try
                    {
                        rule = JsonSerializer.Deserialize<Rule>(text[(int)start..(int)reader.BytesConsumed], _json);
                    }
                    catch (JsonException e)
                    {
                        found.Add(
                            new(
                                line + (int)(e.LineNumber ?? 0),
                                $"{e.Path}: not as expected; a property may be missing, unknown or of another type"
                            )
                        );
                    }
                    if (rule is null)
                        continue;
                    if (Fault(rule, rules) is { } fault)
                        found.Add(new(line, fault));
                    rules.Add(rule);
                }
            }
            if (!isThere)
                throw new JsonException("expected the property rules");
            if (reader.Read())
                throw new JsonException("expected nothing after the object");
        }
        catch (JsonException e)
        {
            found.Add(new(LineAt(text, Math.Min(reader.BytesConsumed, text.Length)), e.Message.Split(" LineNumber")[0]));
        }
        return found.Count > 0 ? null : new(version, rules);
    }

    /// <summary>The same rules, as if those that begin only then had begun already.</summary>
    /// <param name="at">Then, UTC; what began before stands as it is.</param>
    public RuleSet AsIfBegun(DateTime at) =>
        new(Version, [.. Rules.Select(rule => rule.From >= at ? rule with { From = null } : rule)]);

    static string? Fault(Rule rule, List<Rule> before)
    {
        if (rule.Id is not { Length: > 0 and <= 100 })
            return "id is empty or longer than 100 characters";
        if (before.Exists(other => other.Id == rule.Id))
            return $"id '{rule.Id}' stands twice";
        if (!_kinds.Contains(rule.Kind))
            return $"kind is '{rule.Kind}'; expected one of {string.Join(", ", _kinds)}";
        if (rule.Kind is "house_account" or "partner_only" && rule.Accounts is not { Count: > 0 })
            return $"a rule of kind {rule.Kind} needs accounts";
        if (rule.Kind is "do_not_share" && rule.Accounts is not { Count: > 0 } && rule.Partners is not { Count: > 0 })
            return "a rule of kind do_not_share needs accounts or partners";
        if (rule.Kind is "partner_only" && rule.Partners is not { Count: > 0 })
            return "a rule of kind partner_only needs partners";
        if (rule.Kind is "capacity" ? rule.Limit is not >= 0 : rule.Limit is not null)
            return "limit, zero or more, belongs to a rule of kind capacity and to no other";
        if (rule.Competency is not null && rule.Kind != "certification")
            return "competency belongs to a rule of kind certification";
        if (rule.Kind is "account_class" != rule.Class is not null || rule.Class is not null && !_classes.Contains(rule.Class))
            return $"class is '{rule.Class}'; one of {string.Join(", ", _classes)} belongs to a rule of kind account_class and to no other";
        if (rule.Kind is "account_class" && rule.Partners is not null)
            return "a rule of kind account_class is of accounts and products, for all partners alike";
        if (WindowFault(rule) is { } window)
            return window;
        if (HandoffFault(rule) is { } handoff)
            return handoff;
        if (rule.From >= rule.To)
            return "from is not before to";
        foreach (var condition in (IReadOnlyDictionary<string, IReadOnlyList<string>>?[])[rule.Accounts, rule.Partners])
        {
            if (condition?.Any(column => column.Value is not { Count: > 0 } || column.Value.Any(value => value is null)) == true)
                return "a condition names a column without values";
        }
        return null;
    }

    static string? WindowFault(Rule rule)
    {
        var isSaid =
            rule.ReviewHours is not null
            || rule.ProtectionDays is not null
            || rule.ExtensionDays is not null
            || rule.Extensions is not null
            || rule.Adjudicator is not null;
        if (rule.Kind is not "registration_window")
            return isSaid
                ? "review_hours, protection_days, extension_days, extensions and adjudicator belong to a rule of kind registration_window"
                : null;
        if (!isSaid)
            return "a rule of kind registration_window needs one of review_hours, protection_days, extension_days, extensions, adjudicator";
        if (rule.ReviewHours is not (null or (>= 0 and <= 8760)))
            return "review_hours is not within 0 and 8760";
        if (rule.ProtectionDays is not (null or (> 0 and <= 3650)) || rule.ExtensionDays is not (null or (> 0 and <= 3650)))
            return "protection_days and extension_days are above 0 and at most 3650";
        return rule.Extensions is not (null or (>= 0 and <= 100)) ? "extensions is not within 0 and 100" : null;
    }

    static string? HandoffFault(Rule rule)
    {
        double?[] hours = [rule.AcceptHours, rule.IntroduceHours, rule.MeetHours];
        var isSaid = rule.Needs is not null || hours.Any(one => one is not null);
        if (rule.Kind is not "handoff")
            return isSaid || rule.MinAmount is not null
                ? "needs, accept_hours, introduce_hours, meet_hours and min_amount belong to a rule of kind handoff"
                : null;
        if (!isSaid)
            return "a rule of kind handoff needs one of needs, accept_hours, introduce_hours, meet_hours";
        if (rule.Needs?.Any(name => !PacketFields.Contains(name)) == true)
            return $"needs names '{rule.Needs.First(name => !PacketFields.Contains(name))}'; expected some of {string.Join(", ", PacketFields)}";
        if (hours.Any(one => one is not (null or (> 0 and <= 8760))))
            return "accept_hours, introduce_hours and meet_hours are above 0 and at most 8760";
        return rule.MinAmount is not (null or >= 0) ? "min_amount is below 0" : null;
    }

    static int LineAt(ReadOnlySpan<byte> text, long at) => 1 + text[..(int)at].Count((byte)'\n');

    /// <summary>The rules that concern a decision.</summary>
    /// <param name="account">The account.</param>
    /// <param name="merged">Those that were merged into it.</param>
    /// <param name="product">What is sold.</param>
    /// <param name="asOf">The moment.</param>
    /// <param name="isOfAll">True if no product means every product: then rules that keep some of them concern it.</param>
    internal List<Rule>? About(Account account, Alias[]? merged, string? product, DateTime asOf, bool isOfAll = false)
    {
        List<Rule>? concerned = null;
        foreach (var rule in Rules)
        {
            // Of an account's classes the first holds.
            if (rule.Class is not null && concerned?.Exists(before => before.Class is not null) == true)
                continue;
            if (
                !(rule.From > asOf)
                && !(rule.To <= asOf)
                && (
                    rule.Products is null
                    || product is not null && rule.Products.Contains(product, TextKey.Comparer)
                    || isOfAll && rule.Kind is not ("registration_window" or "auto_approve" or "handoff")
                )
                && Meets(rule.Accounts, (column, values) => RuleColumns.Hold(account, merged, column, values))
            )
                (concerned ??= []).Add(rule);
        }
        return concerned;
    }

    /// <summary>The partners that a rule leaves out of a decision, in the order in which they came, without ranking the others.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="only">The partner that is asked about; null for all.</param>
    public IReadOnlyList<ExcludedPartner> Excluded(HistoryState state, Decision decision, PartnerId? only = null) =>
        [.. new CandidateChoice(state).ExcludedByRules(this, decision, only)];

    static bool Meets(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? condition,
        Func<string, IReadOnlyList<string>, bool> holds
    )
    {
        if (condition is null)
            return true;
        foreach (var (column, values) in condition)
        {
            if (!holds(column, values))
                return false;
        }
        return true;
    }

    /// <summary>Why the rule leaves the partner out; null if it does not.</summary>
    /// <param name="rule">One of <see cref="About"/>.</param>
    /// <param name="account">The account.</param>
    /// <param name="partner">The partner's state.</param>
    /// <param name="product">What is sold.</param>
    /// <param name="holder">Another partner with a live registration on the account; null if none.</param>
    /// <param name="asOf">The moment.</param>
    internal static string? Excludes(
        Rule rule,
        Account account,
        PartnerState partner,
        string? product,
        Func<string?> holder,
        DateTime asOf
    )
    {
        var row = partner.Row!;
        bool IsMeant() => RuleSet.IsMeant(rule, partner);
        switch (rule.Kind)
        {
            case "registration":
                return IsMeant() && holder() is { } other
                    ? rule.Detail ?? $"{other} holds a live registration on this account"
                    : null;
            case "house_account":
                return IsMeant() ? rule.Detail ?? "A house account: sold without partners" : null;
            case "partner_only":
                return IsMeant() ? null : rule.Detail ?? "The account is kept for other partners";
            case "territory":
                if (row.Regions is null || account.Region is null && account.Country is null || !IsMeant())
                    return null;
                return
                    account.Region is { } region && Values.Hold(row.Regions, region)
                    || account.Country is { } country && Values.Hold(row.Regions, country)
                    ? null
                    : rule.Detail ?? $"{account.Region ?? account.Country} is outside its territory";
            case "certification":
                if ((rule.Competency ?? product) is not { } competency || !IsMeant())
                    return null;
                return
                    partner.Certifications?.Exists(held => held.IsLive(asOf) && TextKey.AreSame(held.Competency, competency))
                    == true
                    ? null
                    : rule.Detail ?? $"Holds no live certification in {competency}";
            case "capacity":
                var deals = partner.OpenDealsAt(asOf);
                return deals >= rule.Limit && IsMeant()
                    ? rule.Detail ?? FormattableString.Invariant($"Works on {deals} open deals; {rule.Limit} are its limit")
                    : null;
            case "account_class":
                return rule.Class == "direct" ? rule.Detail ?? "Sold directly: without partners" : null;
            case "do_not_share":
                return IsMeant() ? rule.Detail ?? "Not to be shared with this partner" : null;
            default:
                return null;
        }
    }

    /// <summary>True if a rule is about a partner.</summary>
    internal static bool IsMeant(Rule rule, PartnerState partner) =>
        Meets(rule.Partners, (column, values) => RuleColumns.Hold(partner.Row!, partner.Merged, column, values));
}
