using System.Text.Json;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Registrations;

/// <summary>A step of a registration: what was done with it, by whom and when, or which clock ran out.</summary>
/// <param name="RegistrationId">The registration.</param>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="At">When, UTC; of a clock, when it ran out.</param>
/// <param name="PartnerId">Whose claim it is.</param>
/// <param name="AccountId">The account.</param>
public sealed record RegistrationStep(string RegistrationId, string Kind, DateTime At, PartnerId PartnerId, AccountId AccountId)
{
    /// <summary>What may become of a registration.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    ["submitted", "approved", "rejected", "extended", "withdrawn", "converted", "review_overdue", "expired"];

    /// <summary>Who did it: a key or the subject of a token, or rule:ID where a rule did; null of a clock.</summary>
    public string? By { get; init; }

    /// <summary>Until when it is to be decided, of one that was submitted; until when it protects, of others. UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>What the deal may be worth; null if nobody said.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount.</summary>
    public string? Currency { get; init; }

    /// <summary>What the partner says it did.</summary>
    public string? Evidence { get; init; }

    /// <summary>Why it was rejected, one of <see cref="Grounds.Codes"/>.</summary>
    public string? Ground { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>What the check came to: clear, review or conflict.</summary>
    public string? Verdict { get; init; }

    /// <summary>The codes of what it found, parted by '|'.</summary>
    public string? Codes { get; init; }

    /// <summary>What it found, as JSON.</summary>
    public string? Trace { get; init; }

    /// <summary>The deal that it became.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>Which version of the rules held; null of a clock.</summary>
    public long? RulesVersion { get; init; }

    /// <summary>What it found.</summary>
    public IReadOnlyList<Ground> GroundsFound() =>
        Trace is null ? [] : JsonSerializer.Deserialize<List<Ground>>(Trace, Grounds.Json)!;
}

/// <summary>What became of registrations.</summary>
public sealed class RegistrationStepTable : FactTable<RegistrationStep>
{
    readonly FactColumn _registration,
        _kind,
        _at,
        _partner,
        _account,
        _by,
        _until,
        _amount,
        _currency,
        _evidence,
        _ground,
        _note,
        _verdict,
        _codes,
        _trace,
        _opportunity,
        _rulesVersion;

    /// <summary>Declares the table.</summary>
    public RegistrationStepTable()
        : base("registration_steps", RegistrationsCapability.Taken)
    {
        TakesRows = false;
        MakesFeatures = false;
        _registration = Key("registration_id", references: "deal_registrations");
        _kind = Key("step", oneOf: RegistrationStep.Kinds);
        _at = Key("at", ColumnKind.Instant, role: DateRole.Noted);
        _partner = Reference("partner_id", "partners", required: true);
        _account = Reference("account_id", "accounts", required: true);
        _by = Text("done_by");
        _until = Date("until", role: DateRole.Planned);
        _amount = Number("amount");
        _currency = Text("currency");
        _evidence = Text("evidence", isLong: true);
        _ground = Text("ground", oneOf: Grounds.Codes);
        _note = Text("note", isLong: true);
        _verdict = Text("verdict", oneOf: Grounds.Verdicts);
        _codes = Text("codes", isList: true);
        _trace = Text("trace", isLong: true);
        _opportunity = Text("opportunity_id", isId: true);
        _rulesVersion = Number("rules_version");
        AddedLater(_rulesVersion);
        Recorded();
    }

    /// <inheritdoc/>
    public override RegistrationStep Read(HistoryRow row) =>
        new(row.Text(_registration)!, row.Text(_kind)!, row.Date(_at)!.Value, row.Text(_partner)!, row.Text(_account)!)
        {
            By = row.Text(_by),
            Until = row.Date(_until),
            Amount = row.Number(_amount),
            Currency = row.Text(_currency),
            Evidence = row.Text(_evidence),
            Ground = row.Text(_ground),
            Note = row.Text(_note),
            Verdict = row.Text(_verdict),
            Codes = row.Text(_codes),
            Trace = row.Text(_trace),
            OpportunityId = OpportunityId.OrNone(row.Text(_opportunity)),
            RulesVersion = (long?)row.Number(_rulesVersion),
        };

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(RegistrationStep step) =>
        Row(
            ("registration_id", step.RegistrationId),
            ("step", step.Kind),
            ("at", step.At),
            ("partner_id", step.PartnerId),
            ("account_id", step.AccountId),
            ("done_by", step.By),
            ("until", step.Until),
            ("amount", step.Amount),
            ("currency", step.Currency),
            ("evidence", step.Evidence),
            ("ground", step.Ground),
            ("note", step.Note),
            ("verdict", step.Verdict),
            ("codes", step.Codes),
            ("trace", step.Trace),
            ("opportunity_id", step.OpportunityId),
            ("rules_version", (double?)step.RulesVersion)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(RegistrationStep noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(RegistrationStep noun) =>
        (noun.AccountId, noun.OpportunityId);
}
