using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>How many deals each partner registered.</summary>
sealed class Registrations(HistoryState state) : Ledger<DealRegistration>
{
    protected override void Add(DealRegistration row, in DatedFact fact) => state.Partner(row.PartnerId).Registrations++;

    protected override void Retract(DealRegistration row, in DatedFact fact) => state.Partner(row.PartnerId).Registrations--;
}

/// <summary>The registrations that were approved, by partner and account: as many as hold at the same time.</summary>
sealed class DecidedRegistrations(HistoryState state) : Ledger<DealRegistration>
{
    protected override void Add(DealRegistration row, in DatedFact fact)
    {
        if (row.Status is not ("approved" or "expired"))
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), 1);
        pair.Registrations = Several.With(pair.Registrations, new(row, fact.SeenAt));
    }

    protected override void Retract(DealRegistration row, in DatedFact fact)
    {
        if (row.Status is not ("approved" or "expired"))
            return;
        ref var pair = ref state.Account(row.AccountId).Note(state.PartnerIndex(row.PartnerId), -1);
        pair.Registrations = Several.Without(pair.Registrations, held => held.Row.Id == row.Id);
    }
}
