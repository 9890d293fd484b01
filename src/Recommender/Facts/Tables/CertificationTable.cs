using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Competencies that partners have proven. Known from earned_at.</summary>
public sealed class CertificationTable : FactTable<Certification>
{
    readonly FactColumn _partner,
        _competency,
        _earned,
        _expires;

    /// <summary>Declares the table.</summary>
    public CertificationTable()
        : base("certifications", FactKind.Certification)
    {
        _partner = Key("partner_id", references: "partners");
        _competency = Key("competency");
        _earned = Key("earned_at", ColumnKind.Instant);
        _expires = Date("expires_at", role: DateRole.Planned, ifMissing: "does not expire");
        Recorded();
    }

    /// <inheritdoc/>
    public override Certification Read(HistoryRow row) =>
        new(row.Text(_partner)!, row.Text(_competency)!, row.Date(_earned)!.Value, row.Date(_expires));

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) => EndBefore(row, _earned, _expires);

    /// <inheritdoc/>
    protected override DateTime? StartOf(Certification noun) => noun.EarnedAt;
}
