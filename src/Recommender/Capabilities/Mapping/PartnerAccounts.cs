using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Mapping;

/// <summary>An account of a partner's, as the partner's list has it, until <see cref="Until"/> (exclusive).</summary>
public sealed record PartnerAccount(
    PartnerId PartnerId,
    string RecordId,
    string? Name,
    string? Domain,
    string? Country,
    string? Region,
    string Population,
    double? ContactCount,
    string? ContactLevel,
    DateTime? Since,
    DateTime? Until
)
{
    /// <summary>True unless its end lies before <paramref name="asOf"/>.</summary>
    public bool IsLive(DateTime asOf) => Until is null || Until >= asOf;

    /// <summary>True unless its end has come: what ends now does not go on.</summary>
    public bool GoesOnAfter(DateTime now) => Until is null || Until > now;
}

/// <summary>The accounts that partners hold, record by record, as their lists have them.</summary>
public sealed class PartnerAccountTable : FactTable<PartnerAccount>
{
    readonly FactColumn _partner,
        _record,
        _name,
        _domain,
        _country,
        _region,
        _population,
        _contacts,
        _level,
        _since,
        _until;

    /// <summary>Declares the table.</summary>
    public PartnerAccountTable()
        : base("partner_accounts", MappingCapability.Listed)
    {
        TakesRows = false;
        MakesFeatures = false;
        _partner = Key("partner_id", references: "partners");
        _record = Key("record_id");
        _name = Text("name");
        _domain = Text("domain");
        _country = Text("country");
        _region = Text("region");
        _population = Text("population", required: true, oneOf: ["customer", "open_opportunity", "prospect"]);
        _contacts = Number("contact_count");
        _level = Text("contact_level");
        _since = Date("since", ifMissing: "since the list had it first");
        _until = Date("until", role: DateRole.Planned, ifMissing: "holds until a list does not have it");
        Recorded();
    }

    /// <inheritdoc/>
    public override PartnerAccount Read(HistoryRow row) =>
        new(
            row.Text(_partner)!,
            row.Text(_record)!,
            row.Text(_name),
            row.Text(_domain),
            row.Text(_country),
            row.Text(_region),
            row.Text(_population)!,
            row.Number(_contacts),
            row.Text(_level),
            row.Date(_since),
            row.Date(_until)
        );

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(PartnerAccount record) =>
        Row(
            ("partner_id", record.PartnerId),
            ("record_id", record.RecordId),
            ("name", record.Name),
            ("domain", record.Domain),
            ("country", record.Country),
            ("region", record.Region),
            ("population", record.Population),
            ("contact_count", record.ContactCount),
            ("contact_level", record.ContactLevel),
            ("since", record.Since),
            ("until", record.Until)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(PartnerAccount noun) => null;
}
