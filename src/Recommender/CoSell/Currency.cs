using System.Collections.Concurrent;

namespace Recommender.CoSell;

/// <summary>What a unit of the currency is worth in the base currency, from <see cref="Date"/> on: 0.0066 for the yen, if the dollar is the base.</summary>
public sealed record ExchangeRate(string Currency, DateTime Date, double Rate);

/// <summary>Codes of currencies, ISO 4217.</summary>
public static class Currency
{
    const string Codes =
        "USD EUR GBP JPY CHF CAD AUD NZD CNY HKD SGD SEK NOK DKK PLN CZK HUF RON BGN TRY ILS ZAR INR IDR MYR THB PHP KRW TWD VND BRL MXN ARS CLP COP PEN AED SAR QAR KWD EGP MAD NGN KES UAH RUB";
    const int MostKept = 10_000;
    static readonly ConcurrentDictionary<string, string?> _spellings = [];

    /// <summary>Signs that only one currency has, the longest first.</summary>
    internal static IReadOnlyList<(string Sign, string Code)> Signs { get; } =
    [
        ("US$", "USD"),
        ("CA$", "CAD"),
        ("AU$", "AUD"),
        ("C$", "CAD"),
        ("A$", "AUD"),
        ("R$", "BRL"),
        ("€", "EUR"),
        ("£", "GBP"),
        ("₹", "INR"),
        ("₩", "KRW"),
        ("₽", "RUB"),
        ("₺", "TRY"),
        ("₪", "ILS"),
        ("₫", "VND"),
        ("₴", "UAH"),
        ("₦", "NGN"),
        ("₱", "PHP"),
        ("฿", "THB"),
    ];

    /// <summary>Signs that several currencies have, and those of them that business is done in.</summary>
    static readonly Dictionary<string, string[]> _shared = new()
    {
        ["$"] = ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"],
        ["¥"] = ["JPY", "CNY"],
    };

    /// <summary>Names, letters and digits only, as CRMs give them.</summary>
    static readonly Dictionary<string, string> _names = new()
    {
        ["euro"] = "EUR",
        ["euros"] = "EUR",
        ["usdollar"] = "USD",
        ["usdollars"] = "USD",
        ["unitedstatesdollar"] = "USD",
        ["pound"] = "GBP",
        ["poundsterling"] = "GBP",
        ["britishpound"] = "GBP",
        ["swissfranc"] = "CHF",
        ["yen"] = "JPY",
        ["japaneseyen"] = "JPY",
        ["canadiandollar"] = "CAD",
        ["australiandollar"] = "AUD",
        ["newzealanddollar"] = "NZD",
        ["danishkrone"] = "DKK",
        ["swedishkrona"] = "SEK",
        ["norwegiankrone"] = "NOK",
        ["indianrupee"] = "INR",
        ["brazilianreal"] = "BRL",
        ["mexicanpeso"] = "MXN",
        ["polishzloty"] = "PLN",
        ["chineseyuan"] = "CNY",
    };

    /// <summary>The code of a currency however it is spelt: by code, by a sign that only one has, or by name; null if none is named.</summary>
    public static string? Of(string? text)
    {
        if (text is null or [>= 'A' and <= 'Z', >= 'A' and <= 'Z', >= 'A' and <= 'Z'])
            return text;
        if (_spellings.TryGetValue(text, out var known))
            return known;
        var code = Spelt(text);
        if (_spellings.Count < MostKept)
            _spellings[text] = code;
        return code;
    }

    /// <summary>True for the codes of the currencies that business is done in; other capitals may be part of a word.</summary>
    internal static bool IsCode(ReadOnlySpan<char> text)
    {
        for (var i = 0; text.Length == 3 && i < Codes.Length; i += 4)
        {
            if (text.SequenceEqual(Codes.AsSpan(i, 3)))
                return true;
        }
        return false;
    }

    /// <summary>The currencies that have a sign; null if it is none, or that of one only.</summary>
    internal static IReadOnlyList<string>? Sharing(string sign) => _shared.GetValueOrDefault(sign);

    /// <summary>True if a currency, however it is spelt, may be the one of a code or sign that stands beside an amount.</summary>
    internal static bool MayBe(string? currency, string codeOrSign) =>
        Of(currency) is { } code && (code == codeOrSign || Sharing(codeOrSign)?.Contains(code) == true);

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

    static string? Spelt(string text)
    {
        var key = TextKey.Of(text).ToUpperInvariant();
        foreach (var (sign, code) in Signs)
        {
            if (key == sign)
                return code;
        }
        var name = string.Concat(key.Where(char.IsLetterOrDigit)).ToLowerInvariant();
        if (_names.TryGetValue(name, out var named))
            return named;
        // "USD - US Dollar" and "Euro (EUR)" name one by its code.
        var codes = key.Split(key.Where(c => !char.IsLetter(c)).Distinct().ToArray(), StringSplitOptions.RemoveEmptyEntries)
            .Where(part => IsCode(part))
            .Distinct()
            .ToList();
        return codes.Count == 1 ? codes[0]
            : key.Length > 0 ? key
            : null;
    }
}
