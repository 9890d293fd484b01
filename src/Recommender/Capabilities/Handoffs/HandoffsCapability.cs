using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Capabilities.Handoffs;

/// <summary>Handoffs: a packet to a partner, or from one, and what becomes of it until its deal is won or lost.</summary>
public sealed class HandoffsCapability : ICapability
{
    /// <inheritdoc/>
    public string Name => "handoffs";

    /// <inheritdoc/>
    public IReadOnlyList<FactTable> Tables { get; } = [Handoffs, Steps];

    /// <inheritdoc/>
    public IReadOnlyList<(FactKind Kind, Func<HistoryState, Ledger> Open)> Ledgers { get; } =
    [(Drafted, _ => new HandoffRows()), (Stepped, _ => new HandoffSteps())];

    /// <summary>handoff.prepared tells that a packet was downloaded; handoff.sent has the packet.</summary>
    public IReadOnlyList<string> EventTypes { get; } =
    ["handoff.prepared", .. HandoffStep.Kinds.Select(kind => "handoff." + kind)];

    internal static FactKind Drafted { get; } = FactKind.Declare("handoff");

    internal static FactKind Stepped { get; } = FactKind.Declare("handoff_step");

    /// <summary>Handoffs.</summary>
    public static HandoffTable Handoffs { get; } = new() { Summary = "Handoffs to and from partners, with their packets" };

    /// <summary>What became of handoffs.</summary>
    public static HandoffStepTable Steps { get; } = new() { Summary = "What became of handoffs: answers, clocks, outcomes" };

    internal static HandoffRows RowsOf(HistoryState state) => (HandoffRows)state.LedgerOf(Drafted);

    internal static HandoffSteps StepsOf(HistoryState state) => (HandoffSteps)state.LedgerOf(Stepped);

    /// <summary>One for each step but sent, which is noted with the packet by who sends it.</summary>
    public IEnumerable<Event> EventsOf(DatedFact fact)
    {
        if (fact is not { Noun: HandoffStep step, IsRetraction: false, Replaced: null } || step.Kind == "sent")
            yield break;
        yield return EventOf(step, fact.AppliedAt);
    }

    /// <summary>What is told of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="at">When it was written.</param>
    /// <param name="packet">The packet that goes with it; null for none.</param>
    /// <param name="handoff">The handoff, where it is told with its step; null for the step alone.</param>
    public static Event EventOf(
        HandoffStep step,
        DateTime at,
        IReadOnlyDictionary<string, string>? packet = null,
        Handoff? handoff = null
    )
    {
        var data = new Dictionary<string, object?>
        {
            ["handoff_id"] = step.HandoffId,
            ["account_id"] = step.AccountId.Value,
            ["partner_id"] = step.PartnerId.Value,
            ["opportunity_id"] = handoff?.OpportunityId?.Value ?? step.OpportunityId?.Value,
            ["round"] = step.Round,
            ["side"] = step.Side,
            ["at"] = Instants.Text(step.At),
            ["until"] = step.Until is { } until ? Instants.Text(until) : null,
            ["reason"] = step.Reason,
            ["rating"] = step.Rating,
            ["by"] = step.By,
        };
        if (handoff is not null)
        {
            data["direction"] = handoff.Direction;
            data["recommendation_id"] = handoff.RecommendationId;
        }
        if (packet is not null)
            data["packet"] = packet;
        return new("handoff." + step.Kind, step.HandoffId, at, data);
    }

    /// <summary>Handoffs that nobody answered in time, and introductions and meetings that are late, dated when that was so.</summary>
    public IEnumerable<HistoryRow> Due(HistoryState state, DateTime now) =>
        StepsOf(state).RanOut(now).Where(step => RowsOf(state).Find(step.HandoffId) is not null).Select(Steps.RowOf);

    /// <summary>That deals of the account were won or lost, or are open again: so are their handoffs that were taken up; others are over.</summary>
    public IEnumerable<HistoryRow> FollowsFrom(HistoryState state, RuleSet rules, AccountId account, DateTime now) =>
        RowsOf(state)
            .Of(account)
            .Select(handoff => Follows(state, rules, HandoffList.FileOf(state, handoff), now))
            .OfType<HandoffStep>()
            .Select(Steps.RowOf);

    static HandoffStep? Follows(HistoryState state, RuleSet rules, HandoffFile file, DateTime now)
    {
        HandoffStep Step(string kind, int round) =>
            new(file.Handoff.Id, round, kind, "history", now, file.Handoff.AccountId, file.Handoff.PartnerId);
        // The clock of where it stands again begins anew.
        DateTime? Again()
        {
            var terms = HandoffTerms.Of(state, rules, file.Handoff, now);
            return HandoffFile.StateOf(file.Steps.Append(Step("reopened", file.Round + 1))) switch
            {
                "accepted" => Instants.ToMillisecond(now + terms.Introduce),
                "introduced" => Instants.ToMillisecond(now + terms.Meet),
                _ => null,
            };
        }
        var outcome = file.Deal?.Outcome switch
        {
            Outcome.Won => "won",
            Outcome.Lost => "lost",
            Outcome.Open => "open",
            _ => null,
        };
        return (file.State, outcome) switch
        {
            ("accepted" or "introduced" or "meeting", "won" or "lost") => Step(outcome, file.Round),
            // A row that was never sent need not have been handled here.
            ("draft" or "sent" or "expired", "won" or "lost") when file.Steps.Count > 0 => Step("withdrawn", file.Round) with
            {
                Reason = "deal_closed",
            },
            ("won", "lost" or "open") or ("lost", "won" or "open") => Step("reopened", file.Round + 1) with { Until = Again() },
            _ => null,
        };
    }
}
