using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Conflicts;

/// <summary>A step of a conflict: that it was found, what a person decided, or that its facts hold no more.</summary>
/// <param name="ConflictId">The conflict.</param>
/// <param name="Step">One of <see cref="Steps"/>.</param>
/// <param name="At">When, UTC.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
public sealed record ConflictStep(string ConflictId, string Step, DateTime At, AccountId AccountId, string Kind)
{
    /// <summary>What may become of a conflict, in the order in which it may at one moment.</summary>
    public static IReadOnlyList<string> Steps { get; } = ["detected", "decided", "reopened", "ended"];

    /// <summary>What a conflict may be of.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    ["second_registration", "direct_deal", "held_account", "house_account", "territory"];

    /// <summary>What a person may decide.</summary>
    public static IReadOnlyList<string> Decisions { get; } = ["holder_keeps", "other_proceeds", "both_proceed", "no_conflict"];

    /// <summary>The company's rule, by its id, or the standing one that makes it a conflict; of a step that found it.</summary>
    public string? RuleId { get; init; }

    /// <summary>Which version of the rules held.</summary>
    public long? RulesVersion { get; init; }

    /// <summary>The partner that holds the account; null where we do, or a rule keeps it.</summary>
    public PartnerId? HolderId { get; init; }

    /// <summary>The registration that it holds the account by; null where a rule does.</summary>
    public string? HolderClaim { get; init; }

    /// <summary>The partner that came into it; null if we did.</summary>
    public PartnerId? OtherId { get; init; }

    /// <summary>The registration or the deal by which it did; null where it may be several.</summary>
    public string? OtherClaim { get; init; }

    /// <summary>Since when both stand, UTC.</summary>
    public DateTime? Since { get; init; }

    /// <summary>What a person is told.</summary>
    public string? Sentence { get; init; }

    /// <summary>The rows behind it, as JSON.</summary>
    public string? Evidence { get; init; }

    /// <summary>What was decided, one of <see cref="Decisions"/>.</summary>
    public string? Decision { get; init; }

    /// <summary>Why, in the words of the person who decided.</summary>
    public string? Reason { get; init; }

    /// <summary>Who decided: a key or the subject of a token; null of what no person did.</summary>
    public string? By { get; init; }

    /// <summary>The rows behind it.</summary>
    public IReadOnlyList<GroundRow> Rows() => Evidence is null ? [] : ConflictStepTable.RowsOf(Evidence);
}

/// <summary>What became of conflicts.</summary>
public sealed class ConflictStepTable : FactTable<ConflictStep>
{
    static readonly JsonSerializerOptions _json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    readonly FactColumn _conflict,
        _step,
        _at,
        _account,
        _kind,
        _rule,
        _rulesVersion,
        _holder,
        _holderClaim,
        _other,
        _otherClaim,
        _since,
        _sentence,
        _evidence,
        _decision,
        _reason,
        _by;

    /// <summary>Declares the table.</summary>
    public ConflictStepTable()
        : base("conflict_steps", ConflictsCapability.Step)
    {
        TakesRows = false;
        MakesFeatures = false;
        GoesWith = ["accounts"];
        _conflict = Key("conflict_id");
        _step = Key("step", oneOf: ConflictStep.Steps);
        _at = Key("at", ColumnKind.Instant, role: DateRole.Noted);
        _account = Reference("account_id", "accounts", required: true);
        _kind = Text("kind", required: true, oneOf: ConflictStep.Kinds);
        _rule = Text("rule_id");
        _rulesVersion = Number("rules_version");
        _holder = Text("holder_id", isId: true);
        _holderClaim = Text("holder_claim", isId: true);
        _other = Text("other_id", isId: true);
        _otherClaim = Text("other_claim", isId: true);
        _since = Date("since", role: DateRole.Noted);
        _sentence = Text("sentence", isLong: true);
        _evidence = Text("evidence", isLong: true);
        _decision = Text("decision", oneOf: ConflictStep.Decisions);
        _reason = Text("reason", isLong: true);
        _by = Text("done_by");
        Recorded();
    }

    /// <summary>Rows as text, as many as fit.</summary>
    internal string EvidenceOf(IReadOnlyList<GroundRow> rows)
    {
        for (var kept = rows.Count; ; kept--)
        {
            var text = JsonSerializer.Serialize(rows.Take(kept), _json);
            if (text.Length <= _evidence.MaxLength)
                return text;
        }
    }

    internal static IReadOnlyList<GroundRow> RowsOf(string evidence) =>
        JsonSerializer.Deserialize<List<GroundRow>>(evidence, _json)!;

    /// <summary>How long what a person is told, or says, may be.</summary>
    internal int MostText => _sentence.MaxLength;

    /// <inheritdoc/>
    public override ConflictStep Read(HistoryRow row) =>
        new(row.Text(_conflict)!, row.Text(_step)!, row.Date(_at)!.Value, row.Text(_account)!, row.Text(_kind)!)
        {
            RuleId = row.Text(_rule),
            RulesVersion = (long?)row.Number(_rulesVersion),
            HolderId = PartnerId.OrNone(row.Text(_holder)),
            HolderClaim = row.Text(_holderClaim),
            OtherId = PartnerId.OrNone(row.Text(_other)),
            OtherClaim = row.Text(_otherClaim),
            Since = row.Date(_since),
            Sentence = row.Text(_sentence),
            Evidence = row.Text(_evidence),
            Decision = row.Text(_decision),
            Reason = row.Text(_reason),
            By = row.Text(_by),
        };

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(ConflictStep step) =>
        Row(
            ("conflict_id", step.ConflictId),
            ("step", step.Step),
            ("at", step.At),
            ("account_id", step.AccountId),
            ("kind", step.Kind),
            ("rule_id", step.RuleId),
            ("rules_version", (double?)step.RulesVersion),
            ("holder_id", step.HolderId),
            ("holder_claim", step.HolderClaim),
            ("other_id", step.OtherId),
            ("other_claim", step.OtherClaim),
            ("since", step.Since),
            ("sentence", step.Sentence),
            ("evidence", step.Evidence),
            ("decision", step.Decision),
            ("reason", step.Reason),
            ("done_by", step.By)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(ConflictStep noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(ConflictStep noun) => (noun.AccountId, null);
}
