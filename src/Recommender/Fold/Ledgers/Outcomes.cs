using System.Runtime.InteropServices;
using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>
/// How deals ended, and what that says of everything they have to do with once it is mature. A partner is credited if it was brought in
/// before the deal closed.
/// </summary>
sealed class Outcomes(HistoryState state) : Ledger<Opportunity>
{
    readonly PriorityQueue<int, (DateTime Due, int Order)> _maturing = new();

    /// <summary>All mature outcomes.</summary>
    public OutcomeCounts All;

    /// <summary>Mature outcomes of the deals that entered a stage.</summary>
    public Dictionary<int, OutcomeCounts> OfStages { get; } = [];

    /// <summary>
    /// By <see cref="HistoryState.OverdueDays"/>, deals that closed so many days past their expected close or later, and how many of them were
    /// won.
    /// </summary>
    public (int Closed, int Won)[] PastExpected { get; } = new (int, int)[HistoryState.OverdueDays.Count];

    /// <summary>When the newest outcome matured; <see cref="DateTime.MinValue"/> before the first.</summary>
    public DateTime MaturedUntil { get; private set; }

    /// <summary>When the next outcome matures; <see cref="DateTime.MaxValue"/> if none waits.</summary>
    public DateTime NextMaturesAt => _maturing.TryPeek(out _, out var due) ? due.Due : DateTime.MaxValue;

    /// <summary>Lets outcomes mature that were due strictly before <paramref name="asOf"/>.</summary>
    public void AdvanceTo(DateTime asOf)
    {
        while (_maturing.TryPeek(out var index, out var due) && due.Due < asOf)
        {
            _maturing.Dequeue();
            if (
                state.OpportunityStates[index] is not { Outcome: not Outcome.Open, Matured: false } deal
                || DueAt(deal) != due.Due
            )
                continue;
            deal.Matured = true;
            if (due.Due > MaturedUntil)
                MaturedUntil = due.Due;
            Credit(deal, 1);
        }
    }

    /// <inheritdoc/>
    public override void Write(SnapshotWriter to)
    {
        HistoryState.WriteOutcomes(to, All);
        to.Write(MaturedUntil);
        foreach (var (closed, won) in PastExpected)
        {
            to.Write(closed);
            to.Write(won);
        }
        to.Write(OfStages.Count);
        foreach (var (stage, counts) in OfStages)
        {
            to.Write(stage);
            HistoryState.WriteOutcomes(to, counts);
        }
        to.Write(_maturing.Count);
        foreach (var (deal, (due, _)) in _maturing.UnorderedItems)
        {
            to.Write(deal);
            to.Write(due);
        }
    }

    /// <inheritdoc/>
    public override void Read(SnapshotReader from)
    {
        (All, MaturedUntil) = (HistoryState.ReadOutcomes(from), from.Instant());
        for (var i = 0; i < PastExpected.Length; i++)
            PastExpected[i] = (from.Whole(), from.Whole());
        for (var left = from.Whole(); left > 0; left--)
            OfStages.Add(from.Whole(), HistoryState.ReadOutcomes(from));
        for (var left = from.Whole(); left > 0; left--)
        {
            var deal = from.Whole();
            _maturing.Enqueue(deal, (from.Instant(), deal));
        }
    }

    protected override void Add(Opportunity row, in DatedFact fact)
    {
        if (state.Known(row.Id, fact) is { } deal)
            Close(deal, row, EndOf(row, fact), fact.SeenAt > deal.KnownAt ? fact.SeenAt : deal.KnownAt);
    }

    protected override void Replace(Opportunity replaced, Opportunity row, in DatedFact fact)
    {
        if (state.TakeBackWaiting(row.Id, fact) is not null)
            Add(row, fact);
        else if (state.FindOpportunityState(row.Id) is { } deal)
        {
            // What was over when it was told stays so, though its date has come since.
            var isAsBefore = deal.Outcome != Outcome.Open && replaced.ClosedAt == row.ClosedAt;
            Close(
                deal,
                row,
                isAsBefore ? deal.ClosedAt : EndOf(row, fact),
                deal.Outcome == Outcome.Open ? fact.SeenAt : deal.ClosedKnownAt
            );
        }
    }

    protected override void Retract(Opportunity row, in DatedFact fact)
    {
        if (state.TakeBackWaiting(row.Id, fact) is null && state.FindOpportunityState(row.Id) is { } deal)
            Reopen(deal);
    }

    /// <summary>When a deal ended: no later than it was told.</summary>
    static DateTime EndOf(Opportunity row, in DatedFact fact) => row.ClosedAt is { } at && at < fact.SeenAt ? at : fact.SeenAt;

    void Close(OpportunityState deal, Opportunity row, DateTime closedAt, DateTime knownAt)
    {
        if (deal.Outcome == row.Outcome && deal.ClosedAt == closedAt)
            return;
        Reopen(deal);
        CountOpen(deal, -1);
        (deal.Outcome, deal.ClosedAt, deal.ClosedKnownAt) = (row.Outcome, closedAt, knownAt);
        var account = state.AccountStates[deal.Account];
        if (row.Outcome == Outcome.Won && closedAt > account.LastWonAt)
            account.LastWonAt = closedAt;
        Count(deal, 1);
        Enqueue(deal, state.OpportunityIndex(row.Id));
    }

    /// <summary>Takes back what closing the deal counted.</summary>
    void Reopen(OpportunityState deal)
    {
        if (deal.Outcome == Outcome.Open)
            return;
        Count(deal, -1);
        (deal.Matured, deal.Outcome, deal.ClosedAt) = (false, Outcome.Open, default);
        CountOpen(deal, 1);
        DateAgain(state.AccountStates[deal.Account]);
    }

    void CountOpen(OpportunityState deal, int times)
    {
        if (!deal.IsOpen)
            return;
        state.AccountStates[deal.Account].Open += times;
        state.Sellers.CountOpen(deal, times);
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            var partner = deal.Engagements[e].Partner;
            if (deal.Counts(e))
                state.PartnerStates[partner].CountOpen(deal.EndOf(partner), times);
        }
    }

    /// <summary>Has the outcome mature anew, after the date of the deal was corrected.</summary>
    public void Schedule(OpportunityState deal, int index)
    {
        if (deal.Outcome == Outcome.Open)
            return;
        if (deal.Matured)
            Credit(deal, -1);
        deal.Matured = false;
        Enqueue(deal, index);
    }

    void Enqueue(OpportunityState deal, int index) => _maturing.Enqueue(index, (DueAt(deal), index));

    /// <summary>When the outcome of a closed deal counts.</summary>
    public DateTime DueAt(OpportunityState deal)
    {
        var (created, days) = (deal.Row.CreatedAt, state.Settings.MaturityDays);
        var due = created > DateTime.MaxValue.AddDays(-days) ? DateTime.MaxValue : created.AddDays(days);
        return due < deal.ClosedKnownAt ? deal.ClosedKnownAt : due;
    }

    /// <summary>When the account last bought, from its deals.</summary>
    public void DateAgain(AccountState account)
    {
        account.LastWonAt = default;
        foreach (var deal in state.DealsOf(account))
        {
            if (deal.Outcome == Outcome.Won && deal.ClosedAt > account.LastWonAt)
                account.LastWonAt = deal.ClosedAt;
        }
    }

    /// <summary>What the outcome of a closed deal adds.</summary>
    public void Count(OpportunityState deal, int times)
    {
        var account = state.AccountStates[deal.Account];
        if (deal.Outcome == Outcome.Won)
            account.Won += times;
        else
            account.Lost += times;
        CountPastExpected(deal, times);
        if (deal.Matured)
            Credit(deal, times);
    }

    void CountPastExpected(OpportunityState deal, int times)
    {
        if (deal.Row.ExpectedCloseAt is not { } expected)
            return;
        var days = (deal.ClosedAt - expected).TotalDays;
        for (var i = 0; i < PastExpected.Length && HistoryState.OverdueDays[i] <= days; i++)
        {
            var (closed, won) = PastExpected[i];
            PastExpected[i] = (closed + times, won + (deal.Outcome == Outcome.Won ? times : 0));
        }
    }

    void Credit(OpportunityState deal, int times)
    {
        var account = state.AccountStates[deal.Account];
        var weight = state.OutcomeDecay.Weight(DueAt(deal));
        var won = deal.Outcome == Outcome.Won;
        All.Add(won, weight, times);
        state.Sellers.Credit(deal, times);
        for (var d = 0; d < state.Dimensions.Length; d++)
        {
            foreach (var value in state.KeysOn(d, account, deal))
                state.Value(d, value).Outcomes.Add(won, weight, times);
        }
        foreach (var (stage, _) in deal.Stages.All)
            CreditStage(stage, won, weight, times);
        for (var e = 0; e < deal.Engagements.Length; e++)
        {
            if (deal.Counts(e))
                CreditPartner(deal, e, times);
        }
    }

    /// <summary>Counts the outcome of a deal for a stage that it entered.</summary>
    public void CreditStage(int stage, OpportunityState deal, int times) =>
        CreditStage(stage, deal.Outcome == Outcome.Won, state.OutcomeDecay.Weight(DueAt(deal)), times);

    void CreditStage(int stage, bool won, double weight, int times) =>
        CollectionsMarshal.GetValueRefOrAddDefault(OfStages, stage, out _).Add(won, weight, times);

    /// <summary>Counts the outcome of a deal for a partner that was on it when it closed.</summary>
    public void CreditPartner(OpportunityState deal, int entry, int times)
    {
        var (_, partner, startedAt, _, _) = deal.Engagements[entry];
        if (startedAt > deal.ClosedAt)
            return;
        var account = state.AccountStates[deal.Account];
        var (won, lost) = deal.Outcome == Outcome.Won ? (times, 0) : (0, times);
        ref var ofPartner = ref state.PartnerStates[partner].Counts;
        (ofPartner.Won, ofPartner.Lost) = (ofPartner.Won + won, ofPartner.Lost + lost);
        ref var pair = ref account.Pair(partner);
        (pair.Won, pair.Lost) = (pair.Won + won, pair.Lost + lost);
        for (var d = 0; d < state.Dimensions.Length; d++)
        {
            foreach (var value in state.KeysOn(d, account, deal))
            {
                ref var counts = ref state.Value(d, value).Partners[partner];
                (counts.Won, counts.Lost) = (counts.Won + won, counts.Lost + lost);
            }
        }
    }
}
