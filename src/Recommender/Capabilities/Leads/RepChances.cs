using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Capabilities.Leads;

/// <summary>
/// How much likelier each of our own people wins a deal than we do on average. Log odds, additive: of the person, and of the person with the
/// industry, region and product at hand, each shrunk toward what is known without it, the more the less people differ there. Counted are mature
/// outcomes of deals that began without a partner; how good the deals were that somebody had is taken off by industry, region and product only.
/// </summary>
sealed class RepChances
{
    readonly Sellers _sellers;
    readonly SellerSpread _spread;
    readonly List<(int Place, long Value)> _values = [];

    /// <summary>Chances of a deal of a product with an account.</summary>
    public RepChances(HistoryState state, AccountState account, string? product)
    {
        (_sellers, _spread) = (state.Sellers, state.Sellers.Spread);
        var deal = Decision.About(account.Id, DateTime.MinValue, product).Opportunity;
        var values = state.ValuesOf(deal);
        for (var place = 0; place < _sellers.Dimensions.Count; place++)
        {
            foreach (var value in state.KeysOn(_sellers.Dimensions[place], account, values))
                _values.Add((place, value));
        }
    }

    /// <summary>The probability that somebody wins.</summary>
    /// <param name="repId">Who.</param>
    /// <param name="alone">The same whoever it is; null for what we win on average.</param>
    /// <returns>It, and how many deals of its own stand behind it.</returns>
    public (double Probability, int Deals) Of(string repId, double? alone)
    {
        var basis = Math.Clamp(alone ?? _spread.Average, 1e-4, 1 - 1e-4);
        if (_sellers.Find(repId) is not { } seller)
            return (basis, 0);
        var person = _spread.Of(seller);
        var sum = person;
        foreach (var (place, value) in _values)
            sum += _spread.Of(_sellers, seller, person, place, value);
        return (Elementary.Logistic(SellerSpread.Logit(basis) + sum), seller.Own.All);
    }
}
