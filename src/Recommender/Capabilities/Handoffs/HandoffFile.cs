using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Handoffs;

/// <summary>What may be done with a handoff.</summary>
public enum HandoffAction
{
    /// <summary>Its packet is changed.</summary>
    Edit,

    /// <summary>It is said which deal it became.</summary>
    Link,

    /// <summary>It goes to the other side, whose clock runs.</summary>
    Send,

    /// <summary>The other side takes it.</summary>
    Accept,

    /// <summary>The other side does not.</summary>
    Decline,

    /// <summary>Buyer and receiver were introduced to each other.</summary>
    Introduce,

    /// <summary>They met.</summary>
    Meet,

    /// <summary>A side says how good it was.</summary>
    Rate,

    /// <summary>It is none any more.</summary>
    Withdraw,
}

/// <summary>A handoff, where it stands and how it came there.</summary>
/// <param name="Handoff">The handoff.</param>
/// <param name="Steps">What became of it, the first first.</param>
/// <param name="Deal">Its deal; null if there is none.</param>
public sealed record HandoffFile(Handoff Handoff, IReadOnlyList<HandoffStep> Steps, Opportunity? Deal)
{
    /// <summary>What a handoff may be.</summary>
    public static IReadOnlyList<string> States { get; } =
    ["draft", "sent", "accepted", "declined", "expired", "introduced", "meeting", "won", "lost", "withdrawn"];

    /// <summary>Where it stands.</summary>
    public string State => StateOf(Steps);

    /// <summary>Where a handoff with these steps stands.</summary>
    internal static string StateOf(IEnumerable<HandoffStep> steps)
    {
        var (state, before) = ("draft", "draft");
        foreach (var step in steps)
        {
            switch (step.Kind)
            {
                case "won" or "lost":
                    before = state is "won" or "lost" ? before : state;
                    state = step.Kind;
                    break;
                case "reopened":
                    state = before;
                    break;
                case var kind when States.Contains(kind):
                    state = kind;
                    break;
            }
        }
        return state;
    }

    /// <summary>What the clock that runs becomes when it runs out, dated then; null if none runs.</summary>
    internal static HandoffStep? ClockOf(IReadOnlyList<HandoffStep> steps)
    {
        var becomes = StateOf(steps) switch
        {
            "sent" => "expired",
            "accepted" => "introduction_overdue",
            "introduced" => "meeting_overdue",
            _ => null,
        };
        var last = steps.LastOrDefault(step => step.Until is not null);
        return
            becomes is not null
            && last is { Until: { } until }
            && !steps.Any(step => step.Kind == becomes && step.Round == last.Round)
            ? new(last.HandoffId, last.Round, becomes, "history", until, last.AccountId, last.PartnerId)
            : null;
    }

    /// <summary>Until when the next step is to be taken, UTC; null if no clock runs or ran.</summary>
    public DateTime? DueAt =>
        State is "sent" or "accepted" or "introduced" ? Steps.LastOrDefault(step => step.Until is not null)?.Until : null;

    /// <summary>True if its step was not taken in time.</summary>
    public bool IsOverdue(DateTime now) => DueAt < now;

    /// <summary>Which round it is in, from 1.</summary>
    public int Round => Steps is [.., var last] ? last.Round : 1;

    /// <summary>Who is to take it: we, or the partner.</summary>
    public string Receiver => Handoff.IsReceived ? "us" : "partner";

    /// <summary>What a rating is of now: that it was accepted, or how it ended; null while there is nothing to rate.</summary>
    public string? Rates =>
        State switch
        {
            "accepted" or "introduced" or "meeting" => "rated_acceptance",
            "won" or "lost" => "rated_outcome",
            _ => null,
        };

    /// <summary>The fields of the packet that say nothing yet.</summary>
    public IReadOnlyList<string> Missing =>
        [.. HandoffPacket.Fields.Where((_, place) => (Handoff.Filled & 1 << place) == 0).Select(one => one.Name)];

    /// <summary>How many fields of the packet say something.</summary>
    public int Filled => System.Numerics.BitOperations.PopCount((uint)Handoff.Filled);

    /// <summary>What may be done now.</summary>
    public IReadOnlyList<HandoffAction> Allowed =>
        [.. OfState.Where(action => action != HandoffAction.Link || Handoff.OpportunityId is null)];

    IReadOnlyList<HandoffAction> OfState =>
        State switch
        {
            "draft" or "expired" => [HandoffAction.Edit, HandoffAction.Link, HandoffAction.Send, HandoffAction.Withdraw],
            "sent" => [HandoffAction.Link, HandoffAction.Accept, HandoffAction.Decline, HandoffAction.Withdraw],
            "accepted" =>
            [
                HandoffAction.Link,
                HandoffAction.Introduce,
                HandoffAction.Meet,
                HandoffAction.Rate,
                HandoffAction.Withdraw,
            ],
            "introduced" => [HandoffAction.Link, HandoffAction.Meet, HandoffAction.Rate, HandoffAction.Withdraw],
            "meeting" => [HandoffAction.Link, HandoffAction.Rate, HandoffAction.Withdraw],
            "won" or "lost" => [HandoffAction.Rate],
            _ => [],
        };

    /// <summary>A version that changes with every step, and with what is known of the handoff; above zero.</summary>
    public long Version => TextVersion.Of(FormattableString.Invariant($"{Steps.Count}|{Handoff}"));

    /// <summary>Why an action is not allowed, and what is.</summary>
    public string WhyNot(HandoffAction action) =>
        $"The handoff is {State}: it does not allow {action.ToString().ToLowerInvariant()}. Allowed: {(Allowed.Count == 0 ? "nothing" : string.Join(", ", Allowed.Select(one => one.ToString().ToLowerInvariant())))}.";
}

/// <summary>Handoffs as people look for them.</summary>
public static class HandoffList
{
    /// <summary>A handoff with its steps; null if it is not known.</summary>
    public static HandoffFile? Find(HistoryState state, string id) =>
        HandoffsCapability.RowsOf(state).Find(id) is { } handoff ? FileOf(state, handoff) : null;

    /// <summary>Handoffs in the order in which they were drafted.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="isMeant">Which.</param>
    /// <param name="partnerId">Of a partner; null for all.</param>
    /// <param name="accountId">Of an account; null for all.</param>
    /// <param name="after">When that was drafted, and its id, after which to go on; null to begin.</param>
    /// <param name="limit">How many at most.</param>
    public static IReadOnlyList<HandoffFile> Of(
        HistoryState state,
        Func<HandoffFile, bool> isMeant,
        PartnerId? partnerId,
        AccountId? accountId,
        (DateTime At, string Id)? after,
        int limit
    )
    {
        var rows = HandoffsCapability.RowsOf(state);
        var (at, id) = after ?? (DateTime.MinValue, "");
        var some =
            accountId is { } account ? rows.Of(account)
            : partnerId is { } partner ? rows.Of(partner)
            : null;
        return
        [
            .. (
                some is null
                    ? rows.ByTime.Since(at, id).Select(one => rows.Find(one.Id)!)
                    : some.Where(one => Several.ByMoment.Compare((one.CreatedAt, one.Id), (at, id)) > 0)
                        .OrderBy(one => (one.CreatedAt, one.Id), Several.ByMoment)
            )
                .Where(one => partnerId is null || one.PartnerId == partnerId)
                .Select(one => FileOf(state, one))
                .Where(isMeant)
                .Take(limit),
        ];
    }

    internal static HandoffFile FileOf(HistoryState state, Handoff handoff) =>
        FileOf(state, handoff, HandoffsCapability.StepsOf(state).Of(handoff.Id));

    /// <summary>Another handoff that goes on, of the same account, deal, partner and direction; null if there is none.</summary>
    public static HandoffFile? LiveLike(HistoryState state, Handoff handoff) =>
        HandoffsCapability
            .RowsOf(state)
            .Of(handoff.AccountId)
            .Where(one => one.Id != handoff.Id)
            .Select(one => FileOf(state, one))
            .FirstOrDefault(one =>
                (one.Handoff.PartnerId, one.Handoff.OpportunityId, one.Handoff.Direction)
                    == (handoff.PartnerId, handoff.OpportunityId, handoff.Direction)
                && one.Allowed.Contains(HandoffAction.Withdraw)
            );

    /// <summary>
    /// A handoff as it stands with these steps. Whose it is and which way it goes its steps say, and which deal it became, whatever a row
    /// says that came again from elsewhere.
    /// </summary>
    internal static HandoffFile FileOf(HistoryState state, Handoff handoff, IReadOnlyList<HandoffStep> steps)
    {
        if (steps is [.., var last])
            handoff = handoff with
            {
                PartnerId = last.PartnerId,
                AccountId = last.AccountId,
                Direction = steps.FirstOrDefault(step => step.Kind == "sent") is { Side: var sender }
                    ? sender == "us"
                        ? "given"
                        : "received"
                    : handoff.Direction,
                OpportunityId =
                    handoff.OpportunityId ?? steps.LastOrDefault(step => step.OpportunityId is not null)?.OpportunityId,
            };
        return new(handoff, steps, handoff.OpportunityId is { } deal ? state.FindOpportunity(deal) : null);
    }
}
