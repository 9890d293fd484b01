using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Handoffs;

/// <summary>An account that we hand to a partner, or a partner to us.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Direction">given if we hand it over, received if the partner does.</param>
/// <param name="PartnerId">The partner.</param>
/// <param name="AccountId">The account.</param>
/// <param name="CreatedAt">When it was drafted, UTC.</param>
public sealed record Handoff(string Id, string Direction, PartnerId PartnerId, AccountId AccountId, DateTime CreatedAt)
{
    /// <summary>Which way it may go.</summary>
    public static IReadOnlyList<string> Directions { get; } = ["given", "received"];

    /// <summary>The deal; null while there is none.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>The lead that it came from.</summary>
    public string? LeadId { get; init; }

    /// <summary>Who of ours sees to it.</summary>
    public string? Owner { get; init; }

    /// <summary>What is to be sold.</summary>
    public string? Product { get; init; }

    /// <summary>What it may be worth, where there is no deal that says so.</summary>
    public double? Amount { get; init; }

    /// <summary>The currency of the amount.</summary>
    public string? Currency { get; init; }

    /// <summary>The recommendation that stood behind it.</summary>
    public string? RecommendationId { get; init; }

    /// <summary>The chance of winning together as it was seen when it was drafted; ours, no partner sees it.</summary>
    public double? Probability { get; init; }

    /// <summary>Which fields of the packet say something: bit by bit, in the order of <see cref="HandoffPacket.Fields"/>.</summary>
    public int Filled { get; init; }

    /// <summary>A number that changes with the packet.</summary>
    public long PacketVersion { get; init; }

    /// <summary>True if we receive it.</summary>
    public bool IsReceived => Direction == "received";
}

/// <summary>Handoffs with their packets. Known from created_at.</summary>
public sealed class HandoffTable : FactTable<Handoff>
{
    readonly FactColumn _id,
        _direction,
        _partner,
        _account,
        _opportunity,
        _lead,
        _owner,
        _product,
        _amount,
        _currency,
        _recommendation,
        _probability,
        _created;

    readonly FactColumn[] _packet;

    /// <summary>Declares the table.</summary>
    public HandoffTable()
        : base("handoffs", HandoffsCapability.Drafted)
    {
        Route = "handoffs";
        MakesFeatures = false;
        _id = Key("handoff_id");
        _direction = Text("direction", required: true, oneOf: Handoff.Directions);
        _partner = Reference("partner_id", "partners", required: true);
        _account = Reference("account_id", "accounts", required: true);
        _opportunity = Reference("opportunity_id", "opportunities");
        _lead = Text("lead_id");
        _owner = Text("owner");
        _product = Text("product");
        _amount = Number("amount");
        _currency = Text("currency");
        _recommendation = Text("recommendation_id");
        _probability = Number("probability");
        _created = Date("created_at", required: true);
        _packet = [.. HandoffPacket.Names.Select(name => Text(name, isLong: true))];
        Recorded();
    }

    /// <summary>How long a text of the packet may be.</summary>
    public int LongestText => _packet[0].MaxLength;

    /// <summary>The packet of a row: what is not filled is not there.</summary>
    public Dictionary<string, string> PacketOf(HistoryRow row) =>
        _packet
            .Select(column => (column.Name, Text: row.Text(column)))
            .Where(one => one.Text is not null)
            .ToDictionary(one => one.Name, one => one.Text!);

    /// <inheritdoc/>
    public override Handoff Read(HistoryRow row)
    {
        var texts = Array.ConvertAll(_packet, row.Text);
        var filled = 0;
        for (var i = 0; i < HandoffPacket.Fields.Count; i++)
            filled |= HandoffPacket.IsFilled(texts[i]) ? 1 << i : 0;
        return new(
            row.Text(_id)!,
            row.Text(_direction)!,
            new(row.Text(_partner)!),
            new(row.Text(_account)!),
            row.Date(_created)!.Value
        )
        {
            OpportunityId = OpportunityId.OrNone(row.Text(_opportunity)),
            LeadId = row.Text(_lead),
            Owner = row.Text(_owner),
            Product = row.Text(_product),
            Amount = row.Number(_amount),
            Currency = row.Text(_currency),
            RecommendationId = row.Text(_recommendation),
            Probability = row.Number(_probability),
            Filled = filled,
            PacketVersion = TextVersion.Of(string.Join('\u001f', texts)),
        };
    }

    /// <summary>The row of a noun with its packet.</summary>
    internal HistoryRow RowOf(Handoff handoff, IReadOnlyDictionary<string, string> packet) =>
        Row([
            ("handoff_id", handoff.Id),
            ("direction", handoff.Direction),
            ("partner_id", handoff.PartnerId),
            ("account_id", handoff.AccountId),
            ("opportunity_id", handoff.OpportunityId),
            ("lead_id", handoff.LeadId),
            ("owner", handoff.Owner),
            ("product", handoff.Product),
            ("amount", Kept(_amount, handoff.Amount)),
            ("currency", handoff.Currency),
            ("recommendation_id", handoff.RecommendationId),
            ("probability", Kept(_probability, handoff.Probability)),
            ("created_at", handoff.CreatedAt),
            .. HandoffPacket.Names.Select(name =>
                (name, (object?)(packet.GetValueOrDefault(name) is { Length: > 0 } text ? text : null))
            ),
        ]);

    /// <summary>A number as the database keeps it.</summary>
    static double? Kept(FactColumn column, double? number) =>
        number is { } given && column.TryKeep(given, out var kept) ? kept : null;

    /// <inheritdoc/>
    protected override DateTime? StartOf(Handoff noun) => noun.CreatedAt;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Handoff noun) =>
        (noun.AccountId, noun.OpportunityId);
}
