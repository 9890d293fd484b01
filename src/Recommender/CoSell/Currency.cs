namespace Recommender.CoSell;

/// <summary>What a unit of the base currency buys, from <see cref="Since"/> on: 150 for the yen, if the dollar is the base.</summary>
public sealed record ExchangeRate(string Currency, DateTime Since, double Rate);

/// <summary>Codes of currencies, ISO 4217.</summary>
public static class Currency
{
    /// <summary>The code of a currency however it is spelt; null if none is named.</summary>
    public static string? Of(string? text) =>
        text is [>= 'A' and <= 'Z', >= 'A' and <= 'Z', >= 'A' and <= 'Z'] ? text
        : text is not null && TextKey.Of(text).ToUpperInvariant() is { Length: > 0 } code ? code
        : null;

    /// <summary>The code that most of some deals are in, the first by letter of several; null if none names one.</summary>
    public static string? MostCommon(IEnumerable<Opportunity> deals) =>
        deals
            .Select(deal => Of(deal.Currency))
            .OfType<string>()
            .CountBy(code => code)
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Key)
            .FirstOrDefault();
}
