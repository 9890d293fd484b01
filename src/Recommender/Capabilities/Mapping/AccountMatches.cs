using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Mapping;

/// <summary>What is held of a record of a partner's list and an account of ours: that they are one company, may be, or are not.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="RecordId">The record of its list.</param>
/// <param name="AccountId">The account.</param>
/// <param name="State">matched, review or none as computed, confirmed or rejected by a person.</param>
/// <param name="Probability">That they are one as computed, 0 to 1; null if the two have nothing in common.</param>
/// <param name="Agrees">What speaks for it, parted by '|'; null if nothing does.</param>
/// <param name="Differs">What speaks against it, parted by '|'; null if nothing does.</param>
/// <param name="Population">Of the overlap that was made of it last, if it ended since, too; null if none was.</param>
/// <param name="OverlapSince">Since when that overlap holds; null if none was made.</param>
/// <param name="By">Who decided, or took a decision back since it was computed last; null if nobody did.</param>
/// <param name="At">Since when it is held so, UTC.</param>
public sealed record AccountMatch(
    PartnerId PartnerId,
    string RecordId,
    AccountId AccountId,
    string State,
    double? Probability,
    string? Agrees,
    string? Differs,
    string? Population,
    DateTime? OverlapSince,
    string? By,
    DateTime At
)
{
    /// <summary>True if the two are held to be one.</summary>
    public bool IsMatch => State is "matched" or "confirmed";

    /// <summary>True if a person decided it.</summary>
    public bool IsDecided => State is "confirmed" or "rejected";
}

/// <summary>Which records of partners' lists are which accounts of ours.</summary>
public sealed class AccountMatchTable : FactTable<AccountMatch>
{
    readonly FactColumn _partner,
        _record,
        _account,
        _state,
        _probability,
        _agrees,
        _differs,
        _population,
        _since,
        _by,
        _at;

    /// <summary>Declares the table.</summary>
    public AccountMatchTable()
        : base("account_matches", MappingCapability.Matched)
    {
        TakesRows = false;
        MakesFeatures = false;
        _partner = Key("partner_id", references: "partners");
        _record = Key("record_id");
        _account = Key("account_id", references: "accounts");
        _state = Text("state", required: true, oneOf: ["matched", "review", "none", "confirmed", "rejected"]);
        _probability = Number("probability");
        _agrees = Text("agrees", isList: true);
        _differs = Text("differs", isList: true);
        _population = Text("population", oneOf: ["customer", "open_opportunity", "prospect"]);
        _since = Date("overlap_since");
        _by = Text("decided_by");
        _at = Date("at", required: true, role: DateRole.Noted);
        Recorded();
    }

    /// <inheritdoc/>
    public override AccountMatch Read(HistoryRow row) =>
        new(
            row.Text(_partner)!,
            row.Text(_record)!,
            row.Text(_account)!,
            row.Text(_state)!,
            row.Number(_probability),
            row.Text(_agrees),
            row.Text(_differs),
            row.Text(_population),
            row.Date(_since),
            row.Text(_by),
            row.Date(_at)!.Value
        );

    /// <summary>What a person decided goes before what was computed, what is held to be one before what is not, and the later before the earlier.</summary>
    internal override bool Wins(HistoryRow row, HistoryRow over)
    {
        var (one, other) = (Read(row), Read(over));
        return (one.IsDecided, one.IsMatch, one.At).CompareTo((other.IsDecided, other.IsMatch, other.At)) > 0;
    }

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(AccountMatch match) =>
        Row(
            ("partner_id", match.PartnerId),
            ("record_id", match.RecordId),
            ("account_id", match.AccountId),
            ("state", match.State),
            ("probability", match.Probability),
            ("agrees", match.Agrees),
            ("differs", match.Differs),
            ("population", match.Population),
            ("overlap_since", match.OverlapSince),
            ("decided_by", match.By),
            ("at", match.At)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(AccountMatch noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(AccountMatch noun) => (noun.AccountId, null);
}
