using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Contacts, decayed with the short half-life: on a deal, with an account, and of a partner with an account.</summary>
sealed class Touches(HistoryState state) : Ledger<Touch>
{
    const int Ours = -1;

    protected override void Add(Touch row, in DatedFact fact)
    {
        if (row.OpportunityId is null || state.Known(row.OpportunityId, fact) is not null)
            Count(row, 1);
    }

    protected override void Retract(Touch row, in DatedFact fact)
    {
        if (row.OpportunityId is null || state.TakeBackWaiting(row.OpportunityId, fact) is null)
            Count(row, -1);
    }

    void Count(Touch row, int times)
    {
        var weight = times * state.Fast.Weight(row.At);
        var partner = row.PartnerId is null ? Ours : state.PartnerIndex(row.PartnerId);
        var deal = row.OpportunityId is null ? null : state.FindOpportunityState(row.OpportunityId);
        if (deal is not null)
            Add(ref (partner == Ours ? ref deal.OwnTouches : ref deal.PartnerTouches), weight);
        if (row.AccountId is not null)
            Count(state.Account(row.AccountId), partner, row.At, times);
        else if (deal is not null)
        {
            Keep(deal.TouchesByDealOnly ??= [], new(partner, row.At), times);
            Count(state.AccountStates[deal.Account], partner, row.At, times);
        }
    }

    /// <summary>Counts the contacts that name the deal only for an account, or takes them back from it.</summary>
    public void MoveWith(OpportunityState deal, AccountState account, int times)
    {
        foreach (var (partner, at) in deal.TouchesByDealOnly ?? [])
            Count(account, partner, at, times);
    }

    void Count(AccountState account, int partner, DateTime at, int times)
    {
        var weight = times * state.Fast.Weight(at);
        if (partner == Ours)
        {
            Add(ref account.OwnTouches, weight);
            return;
        }
        Add(ref account.PartnerTouches, weight);
        var all = account.TouchesOfPartners ??= [];
        Keep(all, new(partner, at), times);
        ref var pair = ref account.Note(partner, times);
        Add(ref pair.Touches, weight);
        if (times > 0 && at > pair.LastTouchAt)
            pair.LastTouchAt = at;
        else if (times < 0 && at == pair.LastTouchAt)
        {
            pair.LastTouchAt = default;
            foreach (var touch in all)
            {
                if (touch.Partner == partner && touch.At > pair.LastTouchAt)
                    pair.LastTouchAt = touch.At;
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
