using System.Text;
using Recommender.CoSell;
using Recommender.Matching;

namespace Recommender.Tests.Matching;

/// <summary>A row as a partner has it, the account that it is, if it is one, and what was done to it.</summary>
public sealed record LabelledRecord(
    string Id,
    string Name,
    string? Domain,
    string? Country,
    string? Region,
    string? Truth,
    string Kind
);

/// <summary>An account as it is matched.</summary>
public sealed record NamedAccount(string Id, string Name, string? Domain, string? Country, string? Region);

/// <summary>
/// Partner lists of which we know what is what: rows of accounts, changed as partners' systems change them, and companies that are none of
/// ours but look like one.
/// </summary>
public static class LabelledList
{
    static readonly string[] _syllables =
    [
        "bar",
        "bel",
        "cor",
        "dar",
        "den",
        "el",
        "far",
        "gal",
        "hol",
        "ir",
        "jas",
        "kel",
        "lor",
        "mar",
        "nor",
        "ol",
        "pal",
        "quin",
        "ran",
        "sal",
        "tor",
        "ul",
        "ver",
        "wal",
        "xen",
        "yor",
        "zan",
        "bri",
        "cla",
        "dro",
        "fle",
        "gri",
        "kru",
        "plo",
        "stre",
        "tri",
    ];
    static readonly string[] _endings = ["a", "o", "ex", "is", "um", "on", "ia", "er", "ane", "ock", "ert", "ing", "ell", "and"];
    static readonly string[] _trades =
    [
        "Systems",
        "Logistics",
        "Foods",
        "Energy",
        "Consulting",
        "Technologies",
        "Medical",
        "Industries",
        "Capital",
        "Software",
        "Partners",
        "Steel",
        "Pharma",
        "Electronics",
        "Insurance",
        "Travel",
        "Retail",
        "Media",
        "Engineering",
        "Chemicals",
    ];
    static readonly (string Country, string[] Forms)[] _lands =
    [
        ("US", ["Inc.", "LLC", "Corporation", ""]),
        ("DE", ["GmbH", "AG", "GmbH & Co. KG"]),
        ("GB", ["Ltd", "PLC", "Limited"]),
        ("FR", ["SA", "SAS", "SARL"]),
        ("NL", ["BV", "NV"]),
        ("SE", ["AB"]),
        ("IT", ["S.p.A.", "S.r.l."]),
        ("ES", ["S.L.", "S.A."]),
        ("JP", ["K.K.", "Co., Ltd."]),
        ("PL", ["Sp. z o.o.", "S.A."]),
    ];
    static readonly Dictionary<string, string[]> _spellings = new()
    {
        ["bv"] = ["B.V.", "BV", "besloten vennootschap"],
        ["gmbh"] = ["GmbH", "G.m.b.H.", "gmbh"],
        ["ab"] = ["AB", "Aktiebolag", "AB (publ)"],
        ["ltd"] = ["Ltd", "Ltd.", "Limited", "LTD"],
        ["inc"] = ["Inc", "Inc.", "Incorporated", ", Inc."],
        ["corp"] = ["Corp", "Corp.", "Corporation"],
        ["co"] = ["Co", "Co.", "Company", "& Co."],
        ["ag"] = ["AG", "Aktiengesellschaft"],
        ["gmbhkg"] = ["GmbH & Co. KG", "GmbH & Co KG", "GmbH und Co. KG"],
        ["plc"] = ["PLC", "plc", "P.L.C."],
        ["sa"] = ["SA", "S.A.", "Société Anonyme"],
        ["sas"] = ["SAS", "S.A.S."],
        ["sarl"] = ["SARL", "S.à r.l.", "S.A.R.L."],
        ["nv"] = ["NV", "N.V."],
        ["spa"] = ["S.p.A.", "SpA", "SPA"],
        ["srl"] = ["S.r.l.", "Srl"],
        ["sl"] = ["S.L.", "SL"],
        ["kk"] = ["K.K.", "KK", "Kabushiki Kaisha"],
        ["spzoo"] = ["Sp. z o.o.", "sp. z o. o.", "Spółka z o.o."],
        ["llc"] = ["LLC", "L.L.C."],
    };
    static readonly (char, string, string)[] _umlauts =
    [
        ('a', "ä", "ae"),
        ('o', "ö", "oe"),
        ('u', "ü", "ue"),
        ('e', "é", "e"),
        ('o', "ø", "oe"),
        ('a', "å", "aa"),
        ('i', "í", "i"),
        ('n', "ñ", "n"),
        ('c', "ç", "c"),
    ];

    /// <summary>The accounts of the sample.</summary>
    public static IReadOnlyList<NamedAccount> SampleAccounts { get; } =
    [
        .. File.ReadLines(Path.Combine(Sample.Folder, "accounts.csv"))
            .Skip(1)
            .Select(line => line.Split(','))
            .Select(fields => new NamedAccount(fields[0], fields[1], fields[8], fields[3], fields[4])),
    ];

    /// <summary>Accounts whose names are made of words as companies choose them: some share words, a few share names across countries.</summary>
    public static IReadOnlyList<NamedAccount> World(int count, int seed)
    {
        var random = Random(seed);
        var accounts = new List<NamedAccount>(count);
        for (var i = 0; i < count; i++)
        {
            var (country, forms) = _lands[random.Next(_lands.Length)];
            var core = i > 20 && random.Next(50) == 0 ? CoreOf(accounts[random.Next(i)].Name) : Core(random, count);
            var name = $"{core} {forms[random.Next(forms.Length)]}".Trim();
            accounts.Add(
                new(
                    FormattableString.Invariant($"A{i:000000}"),
                    name,
                    random.Next(10) == 0 ? null : Slug(core) + (random.Next(2) == 0 ? ".com" : "." + country.ToLowerInvariant()),
                    country,
                    null
                )
            );
        }
        return accounts;
    }

    /// <summary>A list of a partner's, half of it ours.</summary>
    /// <param name="accounts">Ours.</param>
    /// <param name="seed">Of chance.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="withDomains">False to leave out domains and regions.</param>
    public static IReadOnlyList<LabelledRecord> Of(IReadOnlyList<NamedAccount> accounts, int seed, int count, bool withDomains)
    {
        var random = Random(seed);
        var records = new List<LabelledRecord>(count);
        var ours = Enumerable.Range(0, accounts.Count).ToArray();
        random.Shuffle(ours);
        var names = accounts.Select(one => CoreOf(one.Name)).ToHashSet();
        for (var i = 0; i < count; i++)
        {
            var account = accounts[ours[i % ours.Length]];
            var record = random.Next(20) switch
            {
                0 or 1 => Like(account, account.Name, "same"),
                2 or 3 => Like(account, Misspelt(account.Name, random), "typo"),
                4 => Like(account, OtherSpelling(account.Name, random), "legal form spelt otherwise"),
                5 => Like(account, CoreOf(account.Name), "legal form left out"),
                6 => Like(account, Accented(account.Name, random), "transliteration"),
                7 => Like(
                    account,
                    random.Next(2) == 0 ? account.Name.ToUpperInvariant() : account.Name.ToLowerInvariant(),
                    "case"
                ),
                8 => Like(
                    account,
                    $"{CoreOf(account.Name)} {new[] { "Group", "International", "Holdings" }[random.Next(3)]}",
                    "general word"
                ),
                9 => Like(account, account.Name, "free mail") with { Domain = "gmail.com" },
                10 => Like(account, account.Name, "no domain") with { Domain = null },
                11 => Like(account, Core(random, accounts.Count), "renamed"),
                12 => Like(
                    account,
                    $"{CoreOf(account.Name)} {_trades[random.Next(_trades.Length)]} {FormOf(account.Name)}",
                    "subsidiary"
                ) with
                {
                    Truth = null,
                },
                13 => Like(account, account.Name, "same name elsewhere") with
                {
                    Truth = null,
                    Country = account.Country == "BR" ? "AU" : "BR",
                    Domain = Slug(CoreOf(account.Name)) + ".com.br",
                },
                14 => Like(account, Core(random, accounts.Count), "shared domain") with { Truth = null },
                15 => Outsider(random, accounts.Count, names) with { Domain = "hotmail.com" },
                _ => Outsider(random, accounts.Count, names),
            };
            records.Add(
                record with
                {
                    Id = FormattableString.Invariant($"R{i:000000}"),
                    Domain = withDomains ? record.Domain : null,
                    Region = withDomains ? record.Region : null,
                }
            );
        }
        return records;
    }

    /// <summary>A list of ours, a quarter each as it is and as three systems write it, by name and country, and of others as they are.</summary>
    public static IReadOnlyList<LabelledRecord> Of(IReadOnlyList<NamedAccount> ours, IReadOnlyList<NamedAccount> others, int seed)
    {
        var random = Random(seed);
        return
        [
            .. ours.Select(
                    (one, i) =>
                        (i % 4) switch
                        {
                            0 => Like(one, one.Name, "same"),
                            1 => Like(one, one.Name.ToUpperInvariant() + ", Inc.", "capitals and a legal form"),
                            2 => Like(one, Misspelt(one.Name, random), "typo"),
                            _ => Like(one, one.Name.ToLowerInvariant() + " llc", "lower case and a legal form"),
                        }
                )
                .Concat(others.Select(one => Like(one, one.Name, "none of ours") with { Truth = null }))
                .Select((one, i) => one with { Id = FormattableString.Invariant($"R{i:000000}") }),
        ];
    }

    /// <summary>The rows as the matcher takes them.</summary>
    internal static List<Company> Companies(IEnumerable<LabelledRecord> records) =>
        [.. records.Select(one => Company.Of(one.Id, one.Name, one.Domain, one.Country, one.Region))];

    /// <summary>The accounts as the matcher takes them.</summary>
    internal static List<Company> Companies(IEnumerable<NamedAccount> accounts) =>
        [.. accounts.Select(one => Company.Of(one.Id, one.Name, one.Domain, one.Country, one.Region))];

    static LabelledRecord Like(NamedAccount account, string name, string kind) =>
        new("", name, account.Domain, account.Country, account.Region, account.Id, kind);

    static LabelledRecord Outsider(Random random, int count, HashSet<string> names)
    {
        var (country, forms) = _lands[random.Next(_lands.Length)];
        string core;
        do core = Core(random, count);
        while (names.Contains(core));
        return new("", $"{core} {forms[random.Next(forms.Length)]}".Trim(), Slug(core) + ".net", country, null, null, "outsider");
    }

    static string Core(Random random, int count)
    {
        var word = new StringBuilder(_syllables[random.Next(_syllables.Length)]);
        for (var i = 0; i < (count > 5000 ? 2 : 1); i++)
            word.Append(_syllables[random.Next(_syllables.Length)]);
        word.Append(_endings[random.Next(_endings.Length)]);
        word[0] = char.ToUpperInvariant(word[0]);
        return random.Next(3) == 0 ? word.ToString() : $"{word} {_trades[random.Next(_trades.Length)]}";
    }

    static string CoreOf(string name)
    {
        for (var at = name.LastIndexOf(' '); at > 0; at = name.LastIndexOf(' ', at - 1))
        {
            if (CompanyName.Of(name[..at]).Form is null && CompanyName.Of(name).Core == CompanyName.Of(name[..at]).Core)
                return name[..at].TrimEnd(',');
        }
        return name;
    }

    static string FormOf(string name) => name[CoreOf(name).Length..].Trim();

    static string Slug(string name) => string.Concat(name.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit));

    static string OtherSpelling(string name, Random random)
    {
        if (CompanyName.Of(name).Form is not { } form || !_spellings.TryGetValue(form, out var spellings))
            return name + ".";
        var others = spellings.Where(one => one != FormOf(name)).ToArray();
        var spelling = others[random.Next(others.Length)];
        return CoreOf(name) + (spelling[0] == ',' ? "" : " ") + spelling;
    }

    static string Accented(string name, Random random)
    {
        var word = name.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end ? name[..end] : name;
        var ways = _umlauts.Where(one => word.IndexOf(one.Item1, 1) > 0).ToArray();
        if (ways.Length == 0)
            return name;
        var (plain, accented, spelt) = ways[random.Next(ways.Length)];
        var at = word.IndexOf(plain, 1);
        return word[..at] + (random.Next(2) == 0 ? accented : spelt) + name[(at + 1)..];
    }

    static string Misspelt(string name, Random random)
    {
        var length = name.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end ? end : name.Length;
        var at = 1 + random.Next(Math.Max(1, length - 2));
        var letter = (char)('a' + random.Next(26));
        return random.Next(4) switch
        {
            0 => name.Remove(at, 1),
            1 => name.Insert(at, letter.ToString()),
            2 when at + 1 < length => name[..at] + name[at + 1] + name[at] + name[(at + 2)..],
            _ => name[..at] + letter + name[(at + 1)..],
        };
    }

#pragma warning disable RS0030 // A test's own chance, with its seed.
    internal static Random Random(int seed) => new(seed);
#pragma warning restore RS0030
}
