using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Leads;

/// <summary>One of our own people who sells; <see cref="Regions"/>, <see cref="Industries"/> and <see cref="Products"/> are separated by '|', null for all.</summary>
/// <param name="Id">As it stands as the owner of deals.</param>
public sealed record Rep(string Id)
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>Regions or countries that it sells in.</summary>
    public string? Regions { get; init; }

    /// <summary>Industries that it sells to.</summary>
    public string? Industries { get; init; }

    /// <summary>Products that it sells.</summary>
    public string? Products { get; init; }

    /// <summary>How many leads it may have at a time; null for what the policy says.</summary>
    public double? OpenLeads { get; init; }

    /// <summary>The time zone of its working hours, such as Europe/Vienna; null for what the policy says.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Until when it works here, exclusive, UTC; null if nobody knows of an end.</summary>
    public DateTime? LeftAt { get; init; }
}

/// <summary>Our own people who sell. Known from recorded_at.</summary>
public sealed class RepTable : FactTable<Rep>
{
    readonly FactColumn _id,
        _name,
        _regions,
        _industries,
        _products,
        _openLeads,
        _timeZone,
        _left;

    /// <summary>Declares the table.</summary>
    public RepTable()
        : base("reps", LeadsCapability.Sells)
    {
        Route = "reps";
        MakesFeatures = false;
        _id = Key("rep_id");
        _name = Text("name");
        _regions = Text("regions", isList: true);
        _industries = Text("industries", isList: true);
        _products = Text("products", isList: true);
        _openLeads = Number("open_leads");
        _timeZone = Text("time_zone");
        _left = Date("left_at", role: DateRole.Planned, ifMissing: "works here still");
        Recorded();
    }

    /// <inheritdoc/>
    public override Rep Read(HistoryRow row) =>
        new(row.Text(_id)!)
        {
            Name = row.Text(_name),
            Regions = row.Text(_regions),
            Industries = row.Text(_industries),
            Products = row.Text(_products),
            OpenLeads = row.Number(_openLeads),
            TimeZone = row.Text(_timeZone),
            LeftAt = row.Date(_left),
        };

    /// <inheritdoc/>
    protected override DateTime? StartOf(Rep noun) => null;
}
