using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Accounts that partners hold too: a partner may hold one as customer and as open opportunity at the same time.</summary>
sealed class Overlaps(HistoryState state) : Ledger<AccountOverlap>
{
    protected override void Add(AccountOverlap row, in DatedFact fact)
    {
        var partner = state.PartnerIndex(row.PartnerId);
        ref var pair = ref state.Account(row.AccountId).Note(partner, 1);
        if (pair.Overlaps is null)
            state.PartnerStates[partner].Overlaps++;
        pair.Overlaps = Several.With(pair.Overlaps, row);
    }

    protected override void Retract(AccountOverlap row, in DatedFact fact)
    {
        var partner = state.PartnerIndex(row.PartnerId);
        ref var pair = ref state.Account(row.AccountId).Note(partner, -1);
        pair.Overlaps = Several.Without(pair.Overlaps, held => held.Population == row.Population && held.Since == row.Since);
        if (pair.Overlaps is null)
            state.PartnerStates[partner].Overlaps--;
    }
}
