using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Leads;

/// <summary>Somebody who may buy.</summary>
/// <param name="Id">Its id.</param>
/// <param name="CreatedAt">When it came, UTC.</param>
public sealed record Lead(string Id, DateTime CreatedAt)
{
    /// <summary>The account that it is of; null until it is known which.</summary>
    public AccountId? AccountId { get; init; }

    /// <summary>The company's name, as it was given.</summary>
    public string? Name { get; init; }

    /// <summary>Its domain.</summary>
    public string? Domain { get; init; }

    /// <summary>Its country, a name or a code.</summary>
    public string? Country { get; init; }

    /// <summary>Its region.</summary>
    public string? Region { get; init; }

    /// <summary>What is to be sold.</summary>
    public string? Product { get; init; }

    /// <summary>What it may be worth.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount.</summary>
    public string? Currency { get; init; }

    /// <summary>Where it came from, such as web or event.</summary>
    public string? Source { get; init; }

    /// <summary>The partner that gave it; null if none did.</summary>
    public PartnerId? PartnerId { get; init; }

    /// <summary>Who of ours it belongs to while nobody has it.</summary>
    public string? Owner { get; init; }

    /// <summary>False if it must not be passed to partners; null if nobody said.</summary>
    public bool? MayShare { get; init; }

    /// <summary>The deal that it became.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>What it is called where no account is known: name, domain or id.</summary>
    public string Title => Name ?? Domain ?? AccountId?.Value ?? Id;

    /// <summary>The company, as it would stand among our accounts.</summary>
    public Account NewAccount(AccountId id) =>
        new(id, Name ?? Domain, null, Country, Region, null, null, null, Attributes.None) { Domain = Domain };
}

/// <summary>Leads. Known from created_at.</summary>
public sealed class LeadTable : FactTable<Lead>
{
    readonly FactColumn _id,
        _account,
        _name,
        _domain,
        _country,
        _region,
        _product,
        _amount,
        _currency,
        _source,
        _partner,
        _owner,
        _mayShare,
        _created,
        _opportunity;

    /// <summary>Declares the table.</summary>
    public LeadTable()
        : base("leads", LeadsCapability.Came)
    {
        Route = "leads";
        MakesFeatures = false;
        _id = Key("lead_id");
        _account = Reference("account_id", "accounts");
        _name = Text("name");
        _domain = Text("domain");
        _country = Text("country");
        _region = Text("region");
        _product = Text("product");
        _amount = Number("amount");
        _currency = Text("currency");
        _source = Text("source");
        _partner = Reference("partner_id", "partners");
        _owner = Text("owner");
        _mayShare = Text("may_share", oneOf: ["yes", "no"]);
        _created = Date("created_at", required: true);
        _opportunity = Reference("opportunity_id", "opportunities");
        Recorded();
    }

    /// <inheritdoc/>
    public override Lead Read(HistoryRow row) =>
        new(row.Text(_id)!, row.Date(_created)!.Value)
        {
            AccountId = AccountId.OrNone(row.Text(_account)),
            Name = row.Text(_name),
            Domain = row.Text(_domain),
            Country = row.Text(_country),
            Region = row.Text(_region),
            Product = row.Text(_product),
            Amount = row.Number(_amount),
            Currency = row.Text(_currency),
            Source = row.Text(_source),
            PartnerId = PartnerId.OrNone(row.Text(_partner)),
            Owner = row.Text(_owner),
            MayShare = row.Text(_mayShare) is { } said ? said == "yes" : null,
            OpportunityId = OpportunityId.OrNone(row.Text(_opportunity)),
        };

    /// <summary>The row of a noun.</summary>
    internal HistoryRow RowOf(Lead lead) =>
        Row(
            ("lead_id", lead.Id),
            ("account_id", lead.AccountId),
            ("name", lead.Name),
            ("domain", lead.Domain),
            ("country", lead.Country),
            ("region", lead.Region),
            ("product", lead.Product),
            ("amount", lead.Amount),
            ("currency", lead.Currency),
            ("source", lead.Source),
            ("partner_id", lead.PartnerId),
            ("owner", lead.Owner),
            (
                "may_share",
                lead.MayShare is { } may
                    ? may
                        ? "yes"
                        : "no"
                    : null
            ),
            ("created_at", lead.CreatedAt),
            ("opportunity_id", lead.OpportunityId)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Lead noun) => noun.CreatedAt;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Lead noun) =>
        (noun.AccountId, noun.OpportunityId);
}
