using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Deals. Known from created_at; how one ended, from closed_at.</summary>
public sealed class OpportunityTable : FactTable<Opportunity>
{
    readonly FactColumn _id,
        _account,
        _product,
        _amount,
        _currency,
        _created,
        _expected,
        _closed,
        _outcome,
        _stage,
        _owner;

    /// <summary>Declares the table.</summary>
    public OpportunityTable()
        : base("opportunities", FactKind.OpportunityCreated)
    {
        Required = true;
        Route = "opportunities";
        End = "closed";
        _id = Key("opportunity_id");
        _account = Reference("account_id", "accounts", required: true);
        _product = Text("product");
        _amount = Number("amount");
        _currency = Text("currency");
        _created = Date("created_at", required: true, role: DateRole.Existence);
        _expected = Date(
            "expected_close_at",
            role: DateRole.Planned,
            ifMissing: "the end of the deal is not known: neither urgent nor overdue"
        );
        _closed = Date(
            "closed_at",
            role: DateRole.End,
            ifMissing: "a deal that is won or lost is not open; nobody knows since when, and its outcome teaches nothing"
        );
        _outcome = Text("outcome", oneOf: ["won", "lost", "open"]);
        _stage = Text("stage");
        _owner = Text("owner");
        Recorded();
    }

    /// <inheritdoc/>
    public override Opportunity Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_account)!,
            row.Text(_product),
            row.Number(_amount),
            row.Text(_currency),
            row.Date(_created)!.Value,
            row.Date(_expected),
            row.Date(_closed),
            row.Text(_outcome) switch
            {
                "won" => Outcome.Won,
                "lost" => Outcome.Lost,
                _ => Outcome.Open,
            },
            row.Text(_owner),
            row.Attributes
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Opportunity noun) => noun.CreatedAt;

    /// <summary>When it ended, or was told to have; null while it is open, or if nobody knows when.</summary>
    protected override DateTime? EndOf(Opportunity noun, DateTime told) =>
        noun.Outcome == Outcome.Open ? null
        : noun.ClosedAt > told ? told
        : noun.ClosedAt;

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told)
    {
        var isOpen = row.Text(_outcome) is null or "open";
        if (isOpen && row.Text(_stage) is { } stage && Headers.Ending(stage) is { } ending)
            yield return new(
                _outcome.Name,
                row.Text(_outcome),
                $"stage says '{stage}', outcome does not say {ending}: the deal counts as open"
            );
        if (isOpen && row.Date(_closed) is { } closed && closed <= told)
            yield return new(
                _closed.Name,
                Instants.Text(closed),
                "lies in the past, outcome says neither won nor lost: the deal counts as open"
            );
        foreach (var doubt in EndBefore(row, _created, _closed))
            yield return doubt;
    }

    internal override string? MeaningIfMissing(HistoryRow row, FactColumn column) =>
        (column == _closed || column == _expected) && row.Text(_outcome) is "won" or "lost" != (column == _closed)
            ? null
            : base.MeaningIfMissing(row, column);

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Opportunity noun) =>
        (noun.AccountId, noun.Id);
}
