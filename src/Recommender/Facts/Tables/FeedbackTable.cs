using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What came of recommendations. Known from at; written by the endpoint of feedback.</summary>
public sealed class FeedbackTable : FactTable<Feedback>
{
    readonly FactColumn _id,
        _recommendation,
        _partner,
        _account,
        _opportunity,
        _event,
        _at;

    /// <summary>Declares the table.</summary>
    public FeedbackTable()
        : base("feedback", FactKind.Feedback)
    {
        TakesRows = false;
        _id = Key("feedback_id");
        _recommendation = Text("recommendation_id", isId: true);
        _partner = Reference("partner_id", "partners", required: true);
        _account = Reference("account_id", "accounts", required: true);
        _opportunity = Reference("opportunity_id", "opportunities");
        _event = Text(
            "event",
            required: true,
            oneOf: ["accepted", "declined", "won", "lost", "reported_won", "reported_lost", "note"]
        );
        Text("reason", isLong: true);
        Text("note", isLong: true);
        _at = Date("at", required: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Feedback Read(HistoryRow row) =>
        new(
            row.Text(_id)!,
            row.Text(_recommendation),
            row.Text(_partner)!,
            row.Text(_account)!,
            OpportunityId.OrNone(row.Text(_opportunity)),
            row.Text(_event)!,
            row.Date(_at)!.Value
        );

    /// <inheritdoc/>
    protected override DateTime? StartOf(Feedback noun) => noun.At;

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Feedback noun) =>
        (noun.AccountId, noun.OpportunityId);
}
