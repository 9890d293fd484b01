using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Ranking;

/// <summary>What can be said of a candidate without a model.</summary>
public static class Baselines
{
    /// <summary>The simple rankings that a model must beat, best last: each compares by its last-named count first.</summary>
    /// <param name="state">The history.</param>
    /// <param name="industry">The position of the dimension "industry" in the settings, or -1.</param>
    /// <param name="accountId">The account asked about.</param>
    /// <param name="partner">The candidate's number.</param>
    /// <returns>Decayed engagements (on the decay's own scale), engagements in the account's industry, engagements with the account.</returns>
    public static (double Recent, int InIndustry, int WithAccount) Counts(
        HistoryState state,
        int industry,
        AccountId accountId,
        int partner
    )
    {
        var account = state.FindAccountState(accountId);
        var inIndustry = 0;
        if (industry >= 0 && account is { Values.Length: > 0 })
        {
            foreach (var value in account.Values[industry])
            {
                if (state.FindValue(industry, value) is { } known && known.Partners.TryGet(partner, out var counts))
                    inIndustry += counts.Engagements;
            }
        }
        var together = account?.Pairs is { } pairs && pairs.TryGet(partner, out var pair) ? pair.Engagements : 0;
        return (state.PartnerStates[partner].Counts.Decayed, inIndustry, together);
    }
}
