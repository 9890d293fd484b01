using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>What partners said no to: each deal by itself, and the account as such.</summary>
sealed class Declines(HistoryState state) : Ledger<Feedback>
{
    protected override void Add(Feedback row, in DatedFact fact)
    {
        if (row.Event != "declined")
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), 1);
        pair.Declines = Several.With(pair.Declines, row);
    }

    protected override void Retract(Feedback row, in DatedFact fact)
    {
        if (row.Event != "declined")
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), -1);
        pair.Declines = Several.Without(pair.Declines, held => held.Id == row.Id);
    }
}
