using System.Collections.Concurrent;

namespace Recommender.CoSell;

/// <summary>Countries by what people call them: the codes and names of ISO 3166-1, read from countries.txt, and names in use beside them.</summary>
public static class Countries
{
    // What the standard does not have: short names, and what the largest economies call themselves.
    const string InUse = """
        AE uae emirates
        AR argentinien
        AT osterreich oesterreich autriche
        BE belgique belgie belgien
        BR brasil brasilien
        CA kanada
        CH schweiz suisse svizzera swiss
        CN china prc
        CZ czech republic
        CZ cesko
        CZ tschechien
        DE deutschland
        DE allemagne
        DK danmark danemark
        ES espana spanien espagne
        FI suomi finnland
        FR frankreich
        GB uk
        GB great britain
        GB united kingdom
        GB england
        GB scotland
        GB wales
        GB grossbritannien
        GR hellas griechenland
        HU magyarorszag ungarn
        IE eire irland
        IN indien
        IT italia italien italie
        JP japan nippon
        KR south korea
        KR korea
        LU luxemburg
        MX mejico mexiko
        NL holland
        NL the netherlands
        NL nederland niederlande
        NO norge norwegen
        PL polska polen
        PT portugal
        RO romania rumanien
        RU russia rossiya russland
        SE sverige schweden
        SG singapur
        TR turkey turkiye turkei
        TW taiwan
        US usa america
        US united states
        US united states of america
        US us
        VN vietnam
        """;
    static readonly string[] _linesOfOneName = ["czech", "great", "united", "south", "the"];
    const int MostKnown = 5000;
    static readonly ConcurrentDictionary<string, string> _known = new();
    static readonly Lazy<Dictionary<string, string>> _codes = new(Read);
    static readonly Lazy<HashSet<string>> _first = new(() => [.. _codes.Value.Keys.Select(name => name.Split(' ')[0])]);

    /// <summary>The ISO 3166-1 alpha-2 code of a country; what was given, folded, if no country is called so.</summary>
    /// <param name="country">A name or code as people write it.</param>
    public static string CodeOf(string country)
    {
        if (_known.TryGetValue(country, out var code))
            return code;
        var key = KeyOf(country);
        code = _codes.Value.GetValueOrDefault(key) ?? key;
        if (_known.Count < MostKnown)
            _known[country] = code;
        return code;
    }

    /// <summary>The code of a country of which a word or two is the name; null if none is called so. A code itself is no name.</summary>
    /// <param name="words">Lower case, ASCII.</param>
    internal static string? Named(string words) =>
        words.Length > 3 && words is not ("england" or "scotland" or "wales" or "america" or "georgia" or "jersey")
            ? _codes.Value.GetValueOrDefault(words)
            : null;

    /// <summary>True if a country's name begins with a word.</summary>
    internal static bool MayBegin(string word) => _first.Value.Contains(word);

    static string KeyOf(string country) =>
        TextKey.Search(country.Replace(".", "", StringComparison.Ordinal).Replace(',', ' ').Replace('-', ' '));

    static Dictionary<string, string> Read()
    {
        var codes = new Dictionary<string, string>();
        foreach (var line in Lists.Lines("countries.txt"))
        {
            var names = line.Split('\t');
            foreach (var name in names)
                codes.TryAdd(KeyOf(name), names[0]);
        }
        foreach (var line in InUse.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (code, names) = (line[..2], line[3..]);
            var isOne = _linesOfOneName.Any(first => names.StartsWith(first + " ", StringComparison.Ordinal));
            foreach (var name in isOne ? [names] : names.Split(' '))
                codes.TryAdd(name, code);
        }
        return codes;
    }
}

/// <summary>Lists that come with the product as text, a line an entry.</summary>
static class Lists
{
    public static System.Globalization.IdnMapping Idn { get; } = new();

    public static IEnumerable<string> Lines(string name)
    {
        using var reader = new StreamReader(typeof(Lists).Assembly.GetManifestResourceStream("Recommender.CoSell." + name)!);
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
