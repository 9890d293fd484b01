using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>Assists given to partners and received from them, decayed with the slow half-life; by account they are kept.</summary>
sealed class Assists(HistoryState state) : Ledger<Assist>
{
    protected override void Add(Assist row, in DatedFact fact) => Count(row, 1);

    protected override void Retract(Assist row, in DatedFact fact) => Count(row, -1);

    void Count(Assist row, int times)
    {
        var index = state.PartnerIndex(row.PartnerId);
        var partner = state.PartnerStates[index];
        ref var sum = ref (row.Given ? ref partner.AssistsGiven : ref partner.AssistsReceived);
        sum = Math.Max(0, sum + times * state.Slow.Weight(row.At));
        if (row.AccountId is not { } account)
            return;
        ref var pair = ref state.Account(account).Note(index, times);
        if (row.Given)
            pair.AssistsGiven += times;
        else
            pair.AssistsReceived += times;
        var entry = new AssistEntry(row.Id, row.Given, row.At);
        pair.Assists = times > 0 ? Several.With(pair.Assists, entry) : Several.Without(pair.Assists, held => held == entry);
    }
}
