using Recommender.CoSell;
using Recommender.Fold;

namespace Recommender.Capabilities.CoSellList;

/// <summary>Open deals in one currency, never summed with those in others but by their worth in the base currency.</summary>
/// <param name="Currency">ISO 4217; null for those that name none.</param>
/// <param name="Deals">How many.</param>
/// <param name="Amount">What they are worth in it, as far as amounts are known.</param>
/// <param name="AmountInBase">The same in the base currency, each at its day; null if there is no rate.</param>
public sealed record CurrencyTotal(string? Currency, int Deals, double Amount, double? AmountInBase);

/// <summary>In which currency deals are compared.</summary>
public static class CurrencyTotals
{
    /// <summary>What amounts are compared in: what the features are in, else the setting, else what most open deals are in.</summary>
    public static string? BaseOf(HistoryState state, string? setting, IEnumerable<Opportunity> open) =>
        state.Settings.BaseCurrency ?? Currency.Of(setting) ?? Currency.MostCommon(open);

    /// <summary>Totals by currency, most deals first.</summary>
    public static IReadOnlyList<CurrencyTotal> Of(HistoryState state, string? baseCurrency, IEnumerable<Opportunity> deals) =>
        [
            .. deals
                .GroupBy(deal => Currency.Of(deal.Currency))
                .Select(of =>
                {
                    var worths = of.Where(deal => deal.Amount is not null)
                        .Select(deal => state.WorthOf(deal, baseCurrency))
                        .ToList();
                    return new CurrencyTotal(
                        of.Key,
                        of.Count(),
                        of.Sum(deal => deal.Amount ?? 0),
                        worths.Contains(null) ? null : worths.Sum()
                    );
                })
                .OrderByDescending(total => total.Deals)
                .ThenBy(total => total.Currency, StringComparer.Ordinal),
        ];
}
