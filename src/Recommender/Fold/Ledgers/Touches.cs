using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Contacts, decayed with the short half-life: on a deal, with an account, and of a partner with an account.</summary>
sealed class Touches(HistoryState state) : Ledger<Touch>
{
    const int Ours = -1;

    protected override void Add(Touch row, in DatedFact fact)
    {
        if (row.OpportunityId is not { } id)
            Count(row, null, 1);
        else if (state.Known(id, fact) is { } deal)
            Count(row, deal, 1);
    }

    protected override void Retract(Touch row, in DatedFact fact)
    {
        if (row.OpportunityId is not { } id)
            Count(row, null, -1);
        else if (state.TakeBackWaiting(id, fact) is null)
            Count(row, state.FindOpportunityState(id), -1);
    }

    void Count(Touch row, OpportunityState? deal, int times)
    {
        var weight = times * state.Fast.Weight(row.At);
        var entry = row.PartnerId is { } partner
            ? new TouchEntry(state.PartnerIndex(partner), row.At, row.Id)
            : new TouchEntry(Ours, row.At, null);
        if (deal is not null)
            Add(ref (entry.Partner == Ours ? ref deal.OwnTouches : ref deal.PartnerTouches), weight);
        if (row.AccountId is { } account)
            Count(state.Account(account), entry, weight, times);
        else if (deal is not null)
        {
            Keep(deal.TouchesByDealOnly ??= [], entry, times);
            Count(state.AccountStates[deal.Account], entry, weight, times);
        }
    }

    /// <summary>Counts the contacts that name the deal only for an account, or takes them back from it.</summary>
    public void MoveWith(OpportunityState deal, AccountState account, int times)
    {
        foreach (var touch in deal.TouchesByDealOnly ?? [])
            Count(account, touch, times * state.Fast.Weight(touch.At), times);
    }

    static void Count(AccountState account, TouchEntry touch, double weight, int times)
    {
        if (touch.Partner == Ours)
        {
            Add(ref account.OwnTouches, weight);
            if (times > 0)
                (account.OwnTouchTimes ??= []).Add(touch.At);
            else if (account.OwnTouchTimes?.Remove(touch.At) != true)
                throw new InvalidOperationException("A touch is taken back that was never taken in.");
            return;
        }
        Add(ref account.PartnerTouches, weight);
        var all = account.TouchesOfPartners ??= [];
        Keep(all, touch, times);
        ref var pair = ref account.Note(touch.Partner, times);
        Add(ref pair.Touches, weight);
        if (times > 0 && touch.At > pair.LastTouchAt)
            pair.LastTouchAt = touch.At;
        else if (times < 0 && touch.At == pair.LastTouchAt)
        {
            pair.LastTouchAt = default;
            foreach (var held in all)
            {
                if (held.Partner == touch.Partner && held.At > pair.LastTouchAt)
                    pair.LastTouchAt = held.At;
            }
        }
    }

    static void Keep(List<TouchEntry> touches, TouchEntry touch, int times)
    {
        if (times > 0)
            touches.Add(touch);
        else if (!touches.Remove(touch))
            throw new InvalidOperationException("A touch is taken back that was never taken in.");
    }

    static void Add(ref double sum, double weight) => sum = Math.Max(0, sum + weight);
}
