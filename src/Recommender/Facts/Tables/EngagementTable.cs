using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Partners working deals with us. Known from started_at; one that was withdrawn counts no more.</summary>
public sealed class EngagementTable : FactTable<Engagement>
{
    readonly FactColumn _id,
        _opportunity,
        _partner,
        _role,
        _started,
        _ended,
        _status;

    /// <summary>Declares the table.</summary>
    public EngagementTable()
        : base("engagements", FactKind.Engagement)
    {
        Required = true;
        Route = "engagements";
        _id = Key("engagement_id");
        _opportunity = Reference("opportunity_id", "opportunities", required: true);
        _partner = Reference("partner_id", "partners", required: true);
        _role = Text("role", oneOf: ["sourced", "influenced", "co_sell", "resell", "services"]);
        _started = Date("started_at", required: true);
        _ended = Date(
            "ended_at",
            role: DateRole.Planned,
            ifMissing: "lasts as long as its deal; a status such as withdrawn ends it"
        );
        _status = Text("status");
        Recorded();
    }

    /// <inheritdoc/>
    public override Engagement Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_opportunity)!,
            row.Text(_partner)!,
            row.Text(_role),
            row.Date(_started)!.Value,
            row.Date(_ended),
            row.Text(_status)
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Engagement noun) => noun.StartedAt;

    internal override IEnumerable<RowWarning> Doubts(HistoryRow row, DateTime told) => EndBefore(row, _started, _ended);

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Engagement noun) =>
        (null, noun.OpportunityId);
}
