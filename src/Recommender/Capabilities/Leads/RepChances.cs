using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Leads;

/// <summary>
/// How much likelier each of our own people wins a deal alone than we do on average. Log odds, additive: of the person, and of the person
/// with the industry, region and product at hand, each shrunk toward what is known without it by so many deals. Counted are mature
/// outcomes of deals that no partner was on; how good the deals were that somebody had is taken off by industry, region and product only.
/// </summary>
sealed class RepChances
{
    const double Deals = 20;
    readonly Sellers _sellers;
    readonly List<(int Dimension, long Value)> _values = [];

    /// <summary>Chances of a deal of a product with an account.</summary>
    public RepChances(HistoryState state, AccountState account, string? product)
    {
        _sellers = state.Sellers;
        var deal = Decision.About(account.Id, DateTime.MinValue, product).Opportunity;
        var values = state.ValuesOf(deal);
        foreach (var dimension in _sellers.Dimensions)
        {
            foreach (var value in state.KeysOn(dimension, account, values))
                _values.Add((dimension, value));
        }
    }

    /// <summary>The share of deals that we win alone, of all of them; a half if none is known.</summary>
    public double Average => (_sellers.All.Alone.Won + 1.0) / (_sellers.All.Alone.All + 2.0);

    /// <summary>The probability that somebody wins alone.</summary>
    /// <param name="repId">Who.</param>
    /// <param name="alone">The same whoever it is; null for <see cref="Average"/>.</param>
    /// <returns>It, and how many deals of its own stand behind it.</returns>
    public (double Probability, int Deals) Of(string repId, double? alone)
    {
        var basis = Math.Clamp(alone ?? Average, 1e-4, 1 - 1e-4);
        if (_sellers.Find(repId) is not { } seller)
            return (basis, 0);
        // What it would have won as we do on average, had it had these deals.
        var expected = Average;
        var own = Shrunk(seller.Alone, expected) - Logit(expected);
        var sum = own;
        foreach (var key in _values)
        {
            var all = _sellers.All.ByValue.GetValueOrDefault(key);
            var usual = Elementary.Logistic(Logit((all.Won + Deals * Average) / (all.All + Deals)) + own);
            sum += Shrunk(seller.ByValue.GetValueOrDefault(key), usual) - Logit(usual);
        }
        return (Elementary.Logistic(Logit(basis) + sum), seller.Alone.All);
    }

    static double Shrunk(WonAndLost counts, double toward) => Logit((counts.Won + Deals * toward) / (counts.All + Deals));

    static double Logit(double share)
    {
        var p = Math.Clamp(share, 1e-4, 1 - 1e-4);
        return Elementary.Log(p / (1 - p));
    }
}
