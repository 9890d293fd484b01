using System.Globalization;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Handoffs;

/// <summary>A step of a handoff: what a side did, what a clock became, or how its deal ended.</summary>
/// <param name="HandoffId">The handoff.</param>
/// <param name="Round">How often it was sent, or begun anew, from 1.</param>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Side">One of <see cref="Sides"/>.</param>
/// <param name="At">When, UTC; of a clock, when it ran out.</param>
/// <param name="AccountId">The account.</param>
/// <param name="PartnerId">The partner.</param>
public sealed record HandoffStep(
    string HandoffId,
    int Round,
    string Kind,
    string Side,
    DateTime At,
    AccountId AccountId,
    PartnerId PartnerId
)
{
    /// <summary>What may become of a handoff.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    [
        "sent",
        "accepted",
        "declined",
        "expired",
        "introduced",
        "introduction_overdue",
        "meeting",
        "meeting_overdue",
        "linked",
        "rated_acceptance",
        "rated_outcome",
        "won",
        "lost",
        "reopened",
        "withdrawn",
    ];

    /// <summary>Whose step it is; history is what clocks and deals do.</summary>
    public static IReadOnlyList<string> Sides { get; } = ["us", "partner", "history"];

    /// <summary>Why it may be declined.</summary>
    public static IReadOnlyList<string> Declines { get; } =
    ["no_capacity", "not_a_fit", "outside_territory", "no_relationship", "conflict", "duplicate", "not_interested"];

    /// <summary>Why it is withdrawn by itself, or declined.</summary>
    public static IReadOnlyList<string> Reasons { get; } = [.. Declines, "deal_closed"];

    /// <summary>The deal that it was said to have become; of the step linked.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>Until when the next step is to be taken, UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>One of <see cref="Reasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>How good a side found it, 1 to 5.</summary>
    public double? Rating { get; init; }

    /// <summary>How many fields of the packet said something.</summary>
    public double? Filled { get; init; }

    /// <summary>Who did it: a key or the subject of a token; null of a clock and of a deal.</summary>
    public string? By { get; init; }

    /// <summary>Which version of the rules held.</summary>
    public long? RulesVersion { get; init; }
}

/// <summary>What became of handoffs.</summary>
public sealed class HandoffStepTable : FactTable<HandoffStep>
{
    readonly FactColumn _handoff,
        _round,
        _kind,
        _side,
        _at,
        _account,
        _partner,
        _opportunity,
        _until,
        _reason,
        _note,
        _rating,
        _filled,
        _by,
        _rules;

    /// <summary>Declares the table.</summary>
    public HandoffStepTable()
        : base("handoff_steps", HandoffsCapability.Stepped)
    {
        TakesRows = false;
        MakesFeatures = false;
        GoesWith = ["handoffs"];
        _handoff = Key("handoff_id", references: "handoffs");
        _round = Key("round", maxLength: 10);
        _kind = Key("step", oneOf: HandoffStep.Kinds);
        _side = Key("side", oneOf: HandoffStep.Sides);
        _at = Date("at", required: true, role: DateRole.Noted);
        _account = Reference("account_id", "accounts", required: true);
        _partner = Reference("partner_id", "partners", required: true);
        _opportunity = Reference("opportunity_id", "opportunities");
        _until = Date("until", role: DateRole.Planned);
        _reason = Text("reason", oneOf: HandoffStep.Reasons);
        _note = Text("note", isLong: true);
        _rating = Number("rating");
        _filled = Number("filled");
        _by = Text("done_by");
        _rules = Number("rules_version");
        Recorded();
    }

    /// <inheritdoc/>
    public override HandoffStep Read(HistoryRow row) =>
        new(
            row.Text(_handoff)!,
            int.Parse(row.Text(_round)!, NumberStyles.None, CultureInfo.InvariantCulture),
            row.Text(_kind)!,
            row.Text(_side)!,
            row.Date(_at)!.Value,
            new(row.Text(_account)!),
            new(row.Text(_partner)!)
        )
        {
            OpportunityId = OpportunityId.OrNone(row.Text(_opportunity)),
            Until = row.Date(_until),
            Reason = row.Text(_reason),
            Note = row.Text(_note),
            Rating = row.Number(_rating),
            Filled = row.Number(_filled),
            By = row.Text(_by),
            RulesVersion = (long?)row.Number(_rules),
        };

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(HandoffStep step) =>
        Row(
            ("handoff_id", step.HandoffId),
            ("round", step.Round.ToString(CultureInfo.InvariantCulture)),
            ("step", step.Kind),
            ("side", step.Side),
            ("at", step.At),
            ("account_id", step.AccountId),
            ("partner_id", step.PartnerId),
            ("opportunity_id", step.OpportunityId),
            ("until", step.Until),
            ("reason", step.Reason),
            ("note", step.Note),
            ("rating", step.Rating),
            ("filled", step.Filled),
            ("done_by", step.By),
            ("rules_version", (double?)step.RulesVersion)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(HandoffStep noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(HandoffStep noun) =>
        (noun.AccountId, noun.OpportunityId);
}
