using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Dated contacts, of our own people where no partner is named. Known from at.</summary>
public sealed class TouchTable : FactTable<Touch>
{
    readonly FactColumn _id,
        _account,
        _opportunity,
        _partner,
        _kind,
        _at;

    /// <summary>Declares the table.</summary>
    public TouchTable()
        : base("touches", FactKind.Touch)
    {
        Route = "touches";
        _id = Key("touch_id");
        _account = Reference("account_id", "accounts");
        _opportunity = Reference("opportunity_id", "opportunities");
        _partner = Reference("partner_id", "partners");
        _kind = Text("kind", required: true);
        _at = Date("at", required: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Touch Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            AccountId.OrNone(row.Text(_account)),
            OpportunityId.OrNone(row.Text(_opportunity)),
            PartnerId.OrNone(row.Text(_partner)),
            row.Text(_kind)!,
            row.Date(_at)!.Value
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Touch noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Touch noun) =>
        (noun.AccountId, noun.OpportunityId);
}
