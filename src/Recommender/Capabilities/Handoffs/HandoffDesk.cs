using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Capabilities.Handoffs;

/// <summary>What is to be done with a handoff.</summary>
/// <param name="Action">What.</param>
/// <param name="By">Who does it.</param>
public sealed record HandoffOrder(HandoffAction Action, string By)
{
    /// <summary>Why it is declined, one of <see cref="HandoffStep.Declines"/>; of no other action.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person wants to say.</summary>
    public string? Note { get; init; }

    /// <summary>How good it was, 1 to 5; of a rating.</summary>
    public int? Rating { get; init; }

    /// <summary>Who rates: us or partner; of a rating.</summary>
    public string? Side { get; init; }

    /// <summary>The deal that it became; of a link.</summary>
    public OpportunityId? OpportunityId { get; init; }

    /// <summary>Fields of the packet that change, by name; of an edit.</summary>
    public IReadOnlyDictionary<string, string> Packet { get; init; } = new Dictionary<string, string>();
}

/// <summary>What came of something that was done with a handoff.</summary>
/// <param name="File">The handoff as it stands now.</param>
/// <param name="Packet">Its packet.</param>
/// <param name="Terms">What it needs, and how fast.</param>
public sealed record HandoffOutcome(HandoffFile File, IReadOnlyDictionary<string, string> Packet, HandoffTerms Terms)
{
    /// <summary>The step that sent it; null if it was not sent.</summary>
    public HandoffStep? Sent { get; init; }
}

/// <summary>
/// Drafts handoffs and carries them on. Runs as a write that decides by the fold (<see cref="LiveHistory.TryWrite"/>): the fold it is given
/// holds all that was written before.
/// </summary>
/// <param name="scope">The write.</param>
/// <param name="state">The fold.</param>
/// <param name="rules">The rules that hold.</param>
public sealed class HandoffDesk(WriteScope scope, HistoryState state, RuleSet rules)
{
    static readonly HandoffTable _table = HandoffsCapability.Handoffs;
    readonly DateTime _now = scope.Stamp;

    /// <summary>Drafts a handoff; one that we receive is with us at once, and our clock runs.</summary>
    /// <param name="draft">The handoff; an empty id for one of its own.</param>
    /// <param name="packet">Its packet.</param>
    /// <param name="by">Who drafts it.</param>
    /// <exception cref="HandoffRefusedException">It cannot be drafted.</exception>
    public HandoffOutcome Draft(Handoff draft, IReadOnlyDictionary<string, string> packet, string by)
    {
        var handoff = AsKnown(state, draft, _now).Draft with
        {
            Id = draft.Id.Length > 0 ? draft.Id : "ho_" + Guid.CreateVersion7(new DateTimeOffset(_now)).ToString("N"),
            CreatedAt = _now,
        };
        if (scope.Find(_table, handoff.Id) is not null || scope.WhatBecameOf(_table, handoff.Id) is not (null, null))
            throw Refused(HandoffRefusal.ThereAlready, $"There is a handoff '{handoff.Id}' already, or was.");
        if (state.FindPartner(handoff.PartnerId) is null)
            throw Refused(HandoffRefusal.Unknown, $"No partner has the id '{draft.PartnerId}'.");
        if (state.FindAccount(handoff.AccountId) is null)
            throw Refused(HandoffRefusal.Unknown, $"No account has the id '{draft.AccountId}'.");
        if (handoff.OpportunityId is { } deal)
            AssertOpen(handoff, deal);
        AssertAlone(handoff);
        handoff = Keep(_table.RowOf(handoff, packet), new(null, Absent: true));
        var file = HandoffList.FileOf(state, handoff, []);
        return handoff.IsReceived ? Send(file, packet, by, null) : Outcome(file, packet);
    }

    /// <summary>A draft of whom partner and account were merged into, and what it may be worth in the base currency; null if that is not known.</summary>
    /// <param name="state">The fold.</param>
    /// <param name="draft">The draft.</param>
    /// <param name="now">Now, UTC: the day of the rate.</param>
    public static (Handoff Draft, double? Worth) AsKnown(HistoryState state, Handoff draft, DateTime now) =>
        (
            draft with
            {
                PartnerId = state.Merges.Last(FactTables.Partners, draft.PartnerId.Value),
                AccountId = state.Merges.Last(FactTables.Accounts, draft.AccountId.Value),
            },
            state.Rates.Convert(draft.Amount, draft.Currency, state.Settings.BaseCurrency, now)
        );

    /// <summary>Does something with a handoff.</summary>
    /// <param name="id">The handoff.</param>
    /// <param name="order">What is to be done.</param>
    /// <param name="version">The version that it must have; null for any.</param>
    /// <exception cref="HandoffRefusedException">It cannot be done.</exception>
    public HandoffOutcome Do(string id, HandoffOrder order, long? version)
    {
        if (scope.Find(_table, id) is not var (row, _) || HandoffList.Find(state, id) is not { } file)
            throw Refused(HandoffRefusal.Unknown, $"No handoff has the id '{id}'.");
        if (version is { } expected && expected != file.Version)
            throw Refused(HandoffRefusal.Changed, "The handoff was changed meanwhile.");
        // What ran out before anybody swept is written first.
        if (HandoffFile.ClockOf(file.Steps) is { } ranOut && ranOut.At < _now)
        {
            Take(HandoffsCapability.Steps.RowOf(ranOut), new(null, Absent: true));
            file = HandoffList.FileOf(state, file.Handoff, [.. file.Steps, ranOut]);
        }
        if (!file.Allowed.Contains(order.Action))
            throw Refused(HandoffRefusal.NotAllowedNow, file.WhyNot(order.Action));
        if (order.Action is HandoffAction.Send or HandoffAction.Accept && file.Deal is { Outcome: not CoSell.Outcome.Open } over)
            throw Refused(HandoffRefusal.NotAllowedNow, $"Its deal '{over.Id}' is over.");
        var packet = _table.PacketOf(row);
        var terms = Terms(file.Handoff);
        HandoffStep Step(string kind, string side, TimeSpan? within = null) =>
            Of(file, file.Round, kind, side) with
            {
                Until = within is { } until ? Instants.ToMillisecond(_now + until) : null,
                Reason = order.Reason,
                Note = order.Note,
                By = order.By,
            };
        switch (order.Action)
        {
            case HandoffAction.Edit:
                return Edit(file, row, packet, order);
            case HandoffAction.Link:
                return Link(file, packet, Step("linked", "us") with { OpportunityId = order.OpportunityId });
            case HandoffAction.Send:
                return Send(file, packet, order.By, order.Note);
            case HandoffAction.Accept:
                return Note(file, packet, Step("accepted", file.Receiver, terms.Introduce));
            case HandoffAction.Decline:
                return Note(file, packet, Step("declined", file.Receiver));
            case HandoffAction.Introduce:
                return Note(file, packet, Step("introduced", file.Handoff.IsReceived ? "partner" : "us", terms.Meet));
            case HandoffAction.Meet:
                return Note(file, packet, Step("meeting", file.Receiver));
            case HandoffAction.Rate:
                if (file.Steps.Any(step => step.Kind == file.Rates && step.Side == order.Side && step.Round == file.Round))
                    throw Refused(HandoffRefusal.ThereAlready, $"It was rated already by {order.Side}.");
                return Note(file, packet, Step(file.Rates!, order.Side!) with { Rating = order.Rating });
            default:
                return Note(file, packet, Step("withdrawn", "us"));
        }
    }

    HandoffOutcome Edit(HandoffFile file, HistoryRow row, Dictionary<string, string> packet, HandoffOrder order)
    {
        foreach (var (name, text) in order.Packet)
        {
            packet[name] = text;
            row = row.With(name, text.Length > 0 ? text : null);
        }
        return Outcome(HandoffList.FileOf(state, Keep(row, default), file.Steps), packet);
    }

    HandoffOutcome Link(HandoffFile file, Dictionary<string, string> packet, HandoffStep step)
    {
        // One that ended meanwhile ends the handoff at once.
        AssertOpen(file.Handoff, step.OpportunityId!.Value, file.Handoff.CreatedAt);
        AssertAlone(file.Handoff with { OpportunityId = step.OpportunityId });
        return Note(file, packet, step);
    }

    void AssertAlone(Handoff handoff)
    {
        if (HandoffList.LiveLike(state, handoff) is { } same)
            throw Refused(
                HandoffRefusal.ThereAlready,
                $"The handoff '{same.Handoff.Id}' is of the same account, deal and partner."
            );
    }

    HandoffOutcome Send(HandoffFile file, IReadOnlyDictionary<string, string> packet, string by, string? note)
    {
        var (handoff, terms) = (file.Handoff, Terms(file.Handoff));
        if (!handoff.IsReceived)
        {
            var decision = file.Deal is { } deal
                ? new Decision(_now, deal)
                : Decision.About(
                    handoff.AccountId,
                    _now,
                    handoff.Product,
                    state.Rates.Convert(handoff.Amount, handoff.Currency, state.Settings.BaseCurrency, _now)
                );
            if (rules.Excluded(state, decision, handoff.PartnerId) is [var left, ..])
                throw Refused(HandoffRefusal.MayNotHaveIt, $"{left.Detail} ({left.Rule}).");
            var missing = file.Missing.Intersect(terms.Needs).ToList();
            if (missing.Count > 0)
                throw new HandoffRefusedException(
                    HandoffRefusal.Incomplete,
                    $"The packet does not say yet what {string.Join(", ", terms.Rules)} needs: {string.Join(", ", missing)}."
                )
                {
                    Missing = missing,
                };
        }
        var step = Of(
            file,
            file.State == "expired" ? file.Round + 1 : file.Round,
            "sent",
            handoff.IsReceived ? "partner" : "us"
        ) with
        {
            Until = Instants.ToMillisecond(_now + terms.Accept),
            Note = note,
            By = by,
            Filled = file.Filled,
        };
        return Note(file, packet, step) with { Sent = step };
    }

    void AssertOpen(Handoff handoff, OpportunityId id, DateTime? orEndedSince = null)
    {
        if (state.FindOpportunity(id) is not { } deal || deal.AccountId != handoff.AccountId)
            throw Refused(HandoffRefusal.Unknown, $"No deal of the account '{handoff.AccountId}' has the id '{id}'.");
        if (deal.Outcome != CoSell.Outcome.Open && !(deal.ClosedAt >= orEndedSince))
            throw Refused(HandoffRefusal.NotAllowedNow, $"The deal '{id}' is over; expected one that is open.");
    }

    HandoffStep Of(HandoffFile file, int round, string kind, string side) =>
        new(file.Handoff.Id, round, kind, side, _now, file.Handoff.AccountId, file.Handoff.PartnerId)
        {
            RulesVersion = rules.Version,
        };

    HandoffTerms Terms(Handoff handoff) => HandoffTerms.Of(state, rules, handoff, _now);

    HandoffOutcome Outcome(HandoffFile file, IReadOnlyDictionary<string, string> packet) =>
        new(file, packet, Terms(file.Handoff));

    HandoffOutcome Note(HandoffFile file, IReadOnlyDictionary<string, string> packet, HandoffStep step)
    {
        Take(HandoffsCapability.Steps.RowOf(step), new(null, Absent: true));
        return Outcome(HandoffList.FileOf(state, file.Handoff, [.. file.Steps, step]), packet);
    }

    Handoff Keep(HistoryRow row, RowExpectation expected)
    {
        Take(row, expected);
        return _table.Read(row);
    }

    void Take(HistoryRow row, RowExpectation expected)
    {
        var result = scope.Upsert(row, expected);
        if (result.Verdict == RowVerdict.Rejected)
            throw new HandoffRefusedException(HandoffRefusal.Row, $"A row of {row.Table.Name} does not fit the history.")
            {
                Rejected = result.Reason,
            };
        if (result.Verdict == RowVerdict.NotAsExpected)
            throw Refused(HandoffRefusal.ThereAlready, $"There is a row '{row.Key}' of {row.Table.Name} already.");
    }

    static HandoffRefusedException Refused(HandoffRefusal why, string message) => new(why, message);
}
