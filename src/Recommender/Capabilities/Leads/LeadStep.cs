using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Leads;

/// <summary>Who a lead is given to.</summary>
/// <param name="Type">rep, partner or queue.</param>
/// <param name="Id">The rep, the partner, or whose queue it is.</param>
public readonly record struct Assignee(string Type, string Id)
{
    /// <summary>What may be offered a lead, and where it lies if nobody takes it.</summary>
    public static IReadOnlyList<string> Types { get; } = ["rep", "partner", "queue"];

    /// <summary>True if it is a partner.</summary>
    public bool IsPartner => Type == "partner";

    /// <summary>A rep.</summary>
    public static Assignee Rep(string id) => new("rep", id);

    /// <summary>A partner.</summary>
    public static Assignee Partner(PartnerId id) => new("partner", id.Value);

    /// <summary>True if it is the same; people are the same however their ids are spelt.</summary>
    public bool Equals(Assignee other) =>
        Type == other.Type && (IsPartner ? string.Equals(Id, other.Id, StringComparison.Ordinal) : TextKey.AreSame(Id, other.Id));

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Type, IsPartner ? Id.GetHashCode(StringComparison.Ordinal) : TextKey.Comparer.GetHashCode(Id));

    /// <inheritdoc/>
    public override string ToString() => $"{Type} {Id}";
}

/// <summary>A step of a lead: an offer, what was answered to it, or that its time is over.</summary>
/// <param name="LeadId">The lead.</param>
/// <param name="Offer">Which offer of the lead it is about, from 1.</param>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="At">When, UTC; of a clock, when it ran out.</param>
/// <param name="To">Who was offered the lead, or whose queue it lies in.</param>
public sealed record LeadStep(string LeadId, int Offer, string Kind, DateTime At, Assignee To)
{
    /// <summary>What may become of a lead.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    ["offered", "accepted", "declined", "expired", "queued", "withdrawn", "converted"];

    /// <summary>Why an offer may be declined.</summary>
    public static IReadOnlyList<string> Declines { get; } =
    [
        "no_capacity",
        "not_a_fit",
        "outside_territory",
        "no_relationship",
        "conflict",
        "wrong_company",
        "duplicate",
        "not_interested",
    ];

    /// <summary>Why a lead lies in a queue.</summary>
    public static IReadOnlyList<string> Reasons { get; } = [.. Declines, "nobody_left", "offers_used", "account_unsure"];

    /// <summary>The account; null while it is not sure which.</summary>
    public AccountId? AccountId { get; init; }

    /// <summary>Until when it is to be accepted, UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>One of <see cref="Reasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>Who did it: a key or the subject of a token; null of a clock and of what is routed by itself.</summary>
    public string? By { get; init; }

    /// <summary>How likely it was the account, when it was found by name and domain; to four decimals.</summary>
    public double? Probability { get; init; }

    /// <summary>Which version of the routing policy held.</summary>
    public long? PolicyVersion { get; init; }

    /// <summary>Which version of the rules held.</summary>
    public long? RulesVersion { get; init; }

    /// <summary>Why this one, as <see cref="RoutingTrace"/> has it; kept in the database only, the fold does not hold it.</summary>
    public string? Trace { get; init; }

    /// <summary>The offer as it is addressed: the lead's id, a point and its number.</summary>
    public string OfferId => OfferIdOf(LeadId, Offer);

    /// <summary>The offer of a lead as it is addressed.</summary>
    public static string OfferIdOf(string leadId, int offer) => string.Create(CultureInfo.InvariantCulture, $"{leadId}.{offer}");

    /// <summary>The lead and the number of an offer; null if it is no such id.</summary>
    public static (string LeadId, int Offer)? ReadOfferId(string id) =>
        id.LastIndexOf('.') is > 0 and var at
        && int.TryParse(id.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offer)
            ? (id[..at], offer)
            : null;
}

/// <summary>What became of leads.</summary>
public sealed class LeadStepTable : FactTable<LeadStep>
{
    readonly FactColumn _lead,
        _offer,
        _kind,
        _at,
        _account,
        _type,
        _partner,
        _person,
        _until,
        _reason,
        _note,
        _by,
        _probability,
        _policy,
        _rules,
        _trace;

    /// <summary>Declares the table.</summary>
    public LeadStepTable()
        : base("lead_steps", LeadsCapability.Stepped)
    {
        TakesRows = false;
        MakesFeatures = false;
        GoesWith = ["leads"];
        _lead = Key("lead_id", references: "leads");
        _offer = Key("offer", maxLength: 10);
        _kind = Key("step", oneOf: LeadStep.Kinds);
        _at = Date("at", required: true, role: DateRole.Noted);
        _account = Reference("account_id", "accounts");
        _type = Text("assignee_type", required: true, oneOf: Assignee.Types);
        _partner = Reference("partner_id", "partners");
        _person = Text("person");
        _until = Date("until", role: DateRole.Planned);
        _reason = Text("reason", oneOf: LeadStep.Reasons);
        _note = Text("note", isLong: true);
        _by = Text("done_by");
        _probability = Number("probability");
        _policy = Number("policy_version");
        _rules = Number("rules_version");
        _trace = Text("trace", isLong: true);
        Recorded();
    }

    /// <summary>How long a trace may be.</summary>
    internal int MostTrace => _trace.MaxLength;

    /// <summary>The key of a step.</summary>
    public static string KeyOf(string leadId, int offer, string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"{leadId}\u001f{offer}\u001f{kind}");

    /// <summary>Why an offer was made, as it was kept.</summary>
    public string? TraceOf(HistoryRow row) => row.Text(_trace);

    /// <inheritdoc/>
    public override LeadStep Read(HistoryRow row) =>
        new(
            row.Text(_lead)!,
            int.Parse(row.Text(_offer)!, NumberStyles.None, CultureInfo.InvariantCulture),
            row.Text(_kind)!,
            row.Date(_at)!.Value,
            new(row.Text(_type)!, row.Text(_partner) ?? row.Text(_person) ?? "")
        )
        {
            AccountId = AccountId.OrNone(row.Text(_account)),
            Until = row.Date(_until),
            Reason = row.Text(_reason),
            Note = row.Text(_note),
            By = row.Text(_by),
            Probability = row.Number(_probability),
            PolicyVersion = (long?)row.Number(_policy),
            RulesVersion = (long?)row.Number(_rules),
        };

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(LeadStep step) =>
        Row(
            ("lead_id", step.LeadId),
            ("offer", step.Offer.ToString(CultureInfo.InvariantCulture)),
            ("step", step.Kind),
            ("at", step.At),
            ("account_id", step.AccountId),
            ("assignee_type", step.To.Type),
            ("partner_id", step.To.IsPartner ? step.To.Id : null),
            ("person", step.To.IsPartner ? null : step.To.Id),
            ("until", step.Until),
            ("reason", step.Reason),
            ("note", step.Note),
            ("done_by", step.By),
            ("probability", step.Probability is { } likely && _probability.TryKeep(likely, out var kept) ? kept : null),
            ("policy_version", (double?)step.PolicyVersion),
            ("rules_version", (double?)step.RulesVersion),
            ("trace", step.Trace)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(LeadStep noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(LeadStep noun) => (noun.AccountId, null);
}
