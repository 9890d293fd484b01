using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Companies we sell with. Known from joined_at; industries, regions and competencies are lists, separated by |.</summary>
public sealed class PartnerTable : FactTable<Partner>
{
    readonly FactColumn _id,
        _name,
        _type,
        _tier,
        _industries,
        _regions,
        _competencies,
        _joined,
        _domain,
        _external;

    /// <summary>Declares the table.</summary>
    public PartnerTable()
        : base("partners", FactKind.Partner)
    {
        Required = true;
        Route = "partners";
        _id = Key("partner_id");
        _name = Text("name");
        _type = Text("partner_type");
        _tier = Text("tier");
        _industries = Text("industries", isList: true);
        _regions = Text("regions", isList: true);
        _competencies = Text("competencies", isList: true);
        _joined = Date("joined_at", role: DateRole.Existence, ifMissing: KnownSinceRecorded);
        _domain = Text("domain");
        _external = Text("external_id", isId: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Partner Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_name),
            row.Text(_type),
            row.Text(_tier),
            row.Text(_industries),
            row.Text(_regions),
            row.Text(_competencies),
            row.Date(_joined),
            row.Attributes
        )
        {
            Domain = row.Text(_domain),
            ExternalId = row.Text(_external),
        };

    /// <inheritdoc/>
    protected override DateTime? StartOf(Partner noun) => noun.JoinedAt;
}
