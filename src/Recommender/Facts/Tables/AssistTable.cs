using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Favours given to partners and received from them. Known from at.</summary>
public sealed class AssistTable : FactTable<Assist>
{
    readonly FactColumn _id,
        _partner,
        _direction,
        _account,
        _opportunity,
        _at;

    /// <summary>Declares the table.</summary>
    public AssistTable()
        : base("assists", FactKind.Assist)
    {
        Route = "assists";
        _id = Key("assist_id");
        _partner = Reference("partner_id", "partners", required: true);
        _direction = Text("direction", required: true, oneOf: ["given", "received"]);
        _account = Reference("account_id", "accounts");
        _opportunity = Reference("opportunity_id", "opportunities");
        _at = Date("at", required: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Assist Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_partner)!,
            row.Text(_direction) == "given",
            AccountId.OrNone(row.Text(_account)),
            OpportunityId.OrNone(row.Text(_opportunity)),
            row.Date(_at)!.Value
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Assist noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Assist noun) =>
        (noun.AccountId, noun.OpportunityId);
}
