using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Accounts that partners hold too. Known from since.</summary>
public sealed class AccountOverlapTable : FactTable<AccountOverlap>
{
    readonly FactColumn _partner,
        _account,
        _population,
        _since,
        _contacts,
        _level,
        _until;

    /// <summary>Declares the table.</summary>
    public AccountOverlapTable()
        : base("account_overlaps", FactKind.Overlap)
    {
        _partner = Key("partner_id", references: "partners");
        _account = Key("account_id", references: "accounts");
        _population = Key("population", oneOf: ["customer", "open_opportunity", "prospect"]);
        _since = Key("since", ColumnKind.Instant);
        _contacts = Number("contact_count");
        _level = Text("contact_level");
        _until = Date("until", role: DateRole.Planned, ifMissing: "holds until its end is told");
        Recorded();
    }

    /// <inheritdoc/>
    public override AccountOverlap Read(HistoryRow row) =>
        new(
            row.Text(_partner)!,
            row.Text(_account)!,
            row.Text(_population)!,
            row.Number(_contacts),
            row.Text(_level),
            row.Date(_since)!.Value,
            row.Date(_until)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(AccountOverlap noun) => noun.Since;

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) => EndBefore(row, _since, _until);

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(AccountOverlap noun) =>
        (noun.AccountId, null);
}
