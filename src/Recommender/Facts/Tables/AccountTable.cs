using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Companies we sell to. Known from created_at.</summary>
public sealed class AccountTable : FactTable<Account>
{
    readonly FactColumn _id,
        _name,
        _industry,
        _country,
        _region,
        _employees,
        _revenue,
        _created,
        _domain,
        _external;

    /// <summary>Declares the table.</summary>
    public AccountTable()
        : base("accounts", FactKind.Account)
    {
        Required = true;
        Route = "accounts";
        _id = Key("account_id");
        _name = Text("name");
        _industry = Text("industry");
        _country = Text("country");
        _region = Text("region");
        _employees = Number("employee_count");
        _revenue = Number("annual_revenue");
        _created = Date("created_at", role: DateRole.Existence, ifMissing: KnownSinceRecorded);
        _domain = Text("domain");
        _external = Text("external_id", isId: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Account Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_name),
            row.Text(_industry),
            row.Text(_country),
            row.Text(_region),
            row.Number(_employees),
            row.Number(_revenue),
            row.Date(_created),
            row.Attributes
        )
        {
            Domain = row.Text(_domain),
            ExternalId = row.Text(_external),
        };

    /// <inheritdoc/>
    protected override DateTime? StartOf(Account noun) => noun.CreatedAt;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Account noun) => (noun.Id, null);
}
