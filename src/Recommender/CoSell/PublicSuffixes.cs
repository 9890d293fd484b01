namespace Recommender.CoSell;

/// <summary>The domains under which the public registers its own, by the Public Suffix List (publicsuffix.org), read from public_suffixes.txt.</summary>
public static class PublicSuffixes
{
    static readonly Lazy<HashSet<string>> _rules = new(() => [.. Lists.Lines("public_suffixes.txt").Select(Ascii)]);

    /// <summary>
    /// The domain that was registered: the public suffix and one label more, as the list's algorithm has it. The host itself if it is a
    /// public suffix.
    /// </summary>
    /// <param name="host">Lower case, ASCII, such as shop.example.co.uk.</param>
    public static string RegisteredOf(string host) => Cut(host).Registered;

    /// <summary>The label that was registered, such as example of shop.example.co.uk; empty if the host is a public suffix.</summary>
    /// <param name="host">Lower case, ASCII.</param>
    public static string LabelOf(string host)
    {
        var (registered, suffix) = Cut(host);
        return registered.Length == suffix ? "" : registered[..^(suffix + 1)];
    }

    static (string Registered, int SuffixLength) Cut(string host)
    {
        var rules = _rules.Value;
        // From the longest candidate to the shortest: the first that a rule names is the suffix.
        for (var at = 0; ; )
        {
            var candidate = host[at..];
            var parent = candidate.IndexOf('.', StringComparison.Ordinal);
            var suffix =
                rules.Contains("!" + candidate) ? candidate[(parent + 1)..]
                : rules.Contains(candidate) || parent > 0 && rules.Contains("*" + candidate[parent..]) || parent < 0 ? candidate
                : null;
            if (suffix is not null)
            {
                if (suffix.Length == host.Length)
                    return (host, host.Length);
                var end = host.Length - suffix.Length - 2;
                var before = end < 0 ? -1 : host.LastIndexOf('.', end);
                return (host[(before + 1)..], suffix.Length);
            }
            at += parent + 1;
        }
    }

    static string Ascii(string rule) =>
        rule.All(char.IsAscii)
            ? rule
            : string.Join('.', rule.Split('.').Select(label => label is "*" or "!" ? label : Lists.Idn.GetAscii(label)));
}
