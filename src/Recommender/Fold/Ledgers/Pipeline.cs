using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Deals: whose they are, and how many there are of each value of a dimension.</summary>
sealed class Pipeline(HistoryState state) : Ledger<Opportunity>
{
    /// <summary>True if two rows have the same values in all dimensions.</summary>
    public static bool AreSame(int[][] left, int[][] right)
    {
        if (left.Length != right.Length)
            return false;
        for (var d = 0; d < left.Length; d++)
        {
            if (!left[d].AsSpan().SequenceEqual(right[d]))
                return false;
        }
        return true;
    }

    protected override void Add(Opportunity row, in DatedFact fact)
    {
        var index = state.OpportunityIndex(row.Id);
        if (state.OpportunityStates[index] is { } known)
        {
            Change(known, index, row);
            return;
        }
        var account = state.AccountIndex(row.AccountId);
        var deal = new OpportunityState(row, account, fact.AppliedAt, ValuesOf(row), state.MeasuresOf(row));
        state.OpportunityStates[index] = deal;
        state.Rates.Follow(row, index, isThere: true);
        if (Engagements.IsLast(state.AccountStates[account], deal))
            Place(deal, index);
        else
            PlaceAmong(deal, index);
        Date(state.AccountStates[account], row.CreatedAt);
        state.Awake(row.Id);
    }

    protected override void Replace(Opportunity replaced, Opportunity row, in DatedFact fact) => Add(row, fact);

    protected override void Retract(Opportunity row, in DatedFact fact)
    {
        var index = state.OpportunityIndex(row.Id);
        if (state.OpportunityStates[index] is not { Engagements.Length: 0, Stages.Count: 0 } deal)
            throw new InvalidOperationException(
                $"Opportunity {row.Id} is taken back, but was never taken in or is still named by other facts."
            );
        var account = state.AccountStates[deal.Account];
        state.Engagements.RecountOrder(
            account,
            () =>
            {
                state.CountDeal(deal, -1);
                Unlink(deal, index);
            }
        );
        state.Rates.Follow(deal.Row, index, isThere: false);
        state.OpportunityStates[index] = null;
        DateAgain(account);
    }

    /// <summary>What the deal adds to its account and to each of its values.</summary>
    public void Count(OpportunityState deal, int times)
    {
        var account = state.AccountStates[deal.Account];
        account.Opportunities += times;
        if (deal.IsOpen)
            account.Open += times;
        state.Sellers.Count(deal, times);
        for (var d = 0; d < state.Dimensions.Length; d++)
        {
            foreach (var value in state.KeysOn(d, account, deal))
                state.Value(d, value).Opportunities += times;
        }
    }

    void Change(OpportunityState deal, int index, Opportunity row)
    {
        var (values, measures) = (ValuesOf(row), state.MeasuresOf(row));
        state.Rates.Follow(deal.Row, index, isThere: false);
        state.Rates.Follow(row, index, isThere: true);
        var (from, to) = (deal.Account, state.AccountIndex(row.AccountId));
        var isMoved = from != to;
        var isRedated = deal.Row.CreatedAt != row.CreatedAt;
        var isAsOpen =
            deal.IsOpen == deal.IsOpenAs(row) && deal.Row.ExpectedCloseAt == row.ExpectedCloseAt && deal.Row.Owner == row.Owner;
        if (!isMoved && !isRedated && isAsOpen && AreSame(deal.Values, values) && deal.Measures.AsSpan().SequenceEqual(measures))
        {
            deal.Row = row;
            return;
        }
        void Set() => (deal.Row, deal.Values, deal.Measures) = (row, values, measures);
        if (!isMoved)
            state.Recount(deal, Set);
        else
        {
            var (old, next) = (state.AccountStates[from], state.AccountStates[to]);
            state.Touches.MoveWith(deal, old, -1);
            state.Engagements.RecountOrder(
                old,
                () =>
                    state.Engagements.RecountOrder(
                        next,
                        () =>
                            state.Recount(
                                deal,
                                () =>
                                {
                                    Unlink(deal, index);
                                    Set();
                                    deal.Account = to;
                                    Link(deal, index);
                                }
                            )
                    )
            );
            state.Touches.MoveWith(deal, next, 1);
            DateAgain(old);
            state.Outcomes.DateAgain(old);
            state.Outcomes.DateAgain(next);
        }
        DateAgain(state.AccountStates[to]);
        if (isRedated)
            state.Outcomes.Schedule(deal, index);
    }

    void Place(OpportunityState deal, int index)
    {
        Link(deal, index);
        state.CountDeal(deal, 1);
    }

    void PlaceAmong(OpportunityState deal, int index) =>
        state.Engagements.RecountOrder(state.AccountStates[deal.Account], () => Place(deal, index));

    /// <summary>Puts the deal among its account's, newest known first.</summary>
    void Link(OpportunityState deal, int index)
    {
        ref var place = ref state.AccountStates[deal.Account].LastDeal;
        while (place >= 0 && IsNewer(state.OpportunityStates[place]!, deal))
            place = ref state.OpportunityStates[place]!.NextOfAccount;
        (deal.NextOfAccount, place) = (place, index);
    }

    static bool IsNewer(OpportunityState other, OpportunityState deal) =>
        other.KnownAt != deal.KnownAt ? other.KnownAt > deal.KnownAt : other.Row.Id.CompareTo(deal.Row.Id) > 0;

    void Unlink(OpportunityState deal, int index)
    {
        ref var place = ref state.AccountStates[deal.Account].LastDeal;
        while (place != index)
            place = ref state.OpportunityStates[place]!.NextOfAccount;
        (place, deal.NextOfAccount) = (deal.NextOfAccount, -1);
    }

    static void Date(AccountState account, DateTime createdAt)
    {
        if (account.Opportunities == 1 || createdAt < account.FirstOpportunityAt)
            account.FirstOpportunityAt = createdAt;
        if (account.Opportunities == 1 || createdAt > account.LastOpportunityAt)
            account.LastOpportunityAt = createdAt;
    }

    void DateAgain(AccountState account)
    {
        (account.FirstOpportunityAt, account.LastOpportunityAt) = (DateTime.MaxValue, DateTime.MinValue);
        foreach (var deal in state.DealsOf(account))
        {
            if (deal.Row.CreatedAt < account.FirstOpportunityAt)
                account.FirstOpportunityAt = deal.Row.CreatedAt;
            if (deal.Row.CreatedAt > account.LastOpportunityAt)
                account.LastOpportunityAt = deal.Row.CreatedAt;
        }
    }

    int[][] ValuesOf(Opportunity row) =>
        state.ValuesOf(Side.Opportunity, name => Columns.Column(row, name), state.Categories.AddAll);
}

/// <summary>The stages that deals entered.</summary>
sealed class Stages(HistoryState state) : Ledger<StageChange>
{
    protected override void Add(StageChange row, in DatedFact fact)
    {
        if (state.Known(row.OpportunityId, fact) is not { } deal)
            return;
        var stage = state.Categories.Of(Categories.Normal(row.Stage));
        var place = deal.Stages.Count;
        while (place > 0 && IsLater(deal.Stages.All[place - 1], stage, row.EnteredAt))
            place--;
        deal.Stages.Insert(place, new(stage, row.EnteredAt));
        if (deal.Matured)
            state.Outcomes.CreditStage(stage, deal, 1);
    }

    protected override void Retract(StageChange row, in DatedFact fact)
    {
        if (state.TakeBackWaiting(row.OpportunityId, fact) is not null)
            return;
        var deal =
            state.FindOpportunityState(row.OpportunityId)
            ?? throw new InvalidOperationException($"A stage of {row.OpportunityId} is taken back that was never taken in.");
        var entry = new StageEntry(state.Categories.Of(Categories.Normal(row.Stage)), row.EnteredAt);
        if (!deal.Stages.Remove(entry))
            throw new InvalidOperationException($"A stage of {row.OpportunityId} is taken back that was never taken in.");
        if (deal.Matured)
            state.Outcomes.CreditStage(entry.Stage, deal, -1);
    }

    bool IsLater(StageEntry held, int stage, DateTime enteredAt) =>
        held.EnteredAt != enteredAt
            ? held.EnteredAt > enteredAt
            : string.CompareOrdinal(state.Categories[held.Stage], state.Categories[stage]) > 0;
}
