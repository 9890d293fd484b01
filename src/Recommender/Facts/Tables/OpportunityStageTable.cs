using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Stages that deals entered. Known from entered_at.</summary>
public sealed class OpportunityStageTable : FactTable<StageChange>
{
    readonly FactColumn _opportunity,
        _stage,
        _entered;

    /// <summary>Declares the table.</summary>
    public OpportunityStageTable()
        : base("opportunity_stages", FactKind.StageEntered)
    {
        _opportunity = Key("opportunity_id", references: "opportunities");
        _stage = Key("stage");
        _entered = Key("entered_at", ColumnKind.Instant);
        Recorded();
    }

    /// <inheritdoc/>
    public override StageChange Read(HistoryRow row) =>
        new(row.Text(_opportunity)!, row.Text(_stage)!, row.Date(_entered)!.Value);

    /// <inheritdoc/>
    protected override DateTime? StartOf(StageChange noun) => noun.EnteredAt;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(StageChange noun) =>
        (null, noun.OpportunityId);
}
