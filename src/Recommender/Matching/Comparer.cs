using Recommender.CoSell;

namespace Recommender.Matching;

/// <summary>Compares records of a list with accounts, and knows how common what they agree on is among the accounts and in the list.</summary>
sealed class Comparer
{
    const int MostLookedAt = 2000;
    const int MostNamesOfDomain = 10;

    // An account list is a sample of the companies there are: no agreement is impossible by chance.
    const double FewestSharers = 0.02;
    const double FewestOfGeneralName = 0.5;
    static readonly int _levels = Enum.GetValues<NameLevel>().Length;
    readonly CompanyIndex _index;
    readonly Dictionary<string, int> _namesByDomain = [];
    readonly Dictionary<string, double> _byCountry = [];
    readonly Dictionary<(string?, string), double> _byRegion = [];
    readonly double[] _namesakes;
    readonly Dictionary<(bool WithForm, bool InCountry), double> _discounts = [];
    readonly double _withCountry;
    readonly Dictionary<string, double> _byForm = [];
    readonly double _withForm;

    /// <summary>Counts what is common.</summary>
    public Comparer(CompanyIndex index, IReadOnlyList<Company> records)
    {
        _index = index;
        CountNamesByDomain(records);
        foreach (var account in index.Companies)
        {
            if (account.Country is { } country)
                _byCountry[country] = _byCountry.GetValueOrDefault(country) + 1;
            if (account.Name?.Form is { } form)
                _byForm[form] = _byForm.GetValueOrDefault(form) + 1;
            if (account.Region is { } region)
            {
                _byRegion[(account.Country, region)] = _byRegion.GetValueOrDefault((account.Country, region)) + 1;
                if (account.Country is not null)
                    _byRegion[(null, region)] = _byRegion.GetValueOrDefault((null, region)) + 1;
            }
        }
        _withCountry = _byCountry.Values.Sum();
        _withForm = _byForm.Values.Sum();
        foreach (var withForm in (bool[])[false, true])
        {
            foreach (var isHere in (bool[])[false, true])
                _discounts[(withForm, isHere)] = Discount(CountsOf(withForm, isHere));
        }
        _namesakes = CountNamesakes();
    }

    /// <summary>What a record and an account have in common.</summary>
    public Comparison Of(Company record, Company account)
    {
        var name = NameComparison.Of(record.Name, account.Name, _index.IsGeneral);
        var (domain, sharers, shared) = DomainOf(record, account);
        var country = LevelOf(record.Country, account.Country);
        var region =
            country != ColumnLevel.Different && record.Region is { } one && _byRegion.ContainsKey((null, one))
                ? LevelOf(one, account.Region)
                : ColumnLevel.Unknown;
        var form = name is NameLevel.Unknown or NameLevel.Same or NameLevel.SameWithoutForm or NameLevel.SameOtherForm
            ? ColumnLevel.Unknown
            : LevelOf(record.Name!.Form, account.Name!.Form);
        return new(
            name,
            domain,
            country,
            region,
            form,
            NamesakesOf(name, account, country),
            sharers,
            country == ColumnLevel.Unknown ? 0 : ShareOfCountry(record.Country!),
            region == ColumnLevel.Unknown ? 0 : RegionShare(record, country),
            form == ColumnLevel.Unknown ? 0 : _byForm.GetValueOrDefault(record.Name!.Form!) / Math.Max(1, _withForm),
            shared
        );
    }

    double ShareOfCountry(string country) => Math.Max(0.01, _byCountry.GetValueOrDefault(country) / Math.Max(1, _withCountry));

    static ColumnLevel LevelOf(string? left, string? right) =>
        left is null || right is null ? ColumnLevel.Unknown
        : left == right ? ColumnLevel.Same
        : ColumnLevel.Different;

    /// <summary>Share of the accounts of the record's country, or of all if that is not known, that are in its region.</summary>
    double RegionShare(Company record, ColumnLevel country)
    {
        var of = country == ColumnLevel.Same ? record.Country : null;
        var all = of is null ? _index.Companies.Count : _byCountry.GetValueOrDefault(of);
        return Math.Min(1, _byRegion.GetValueOrDefault((of, record.Region!)) / Math.Max(1, all));
    }

    (DomainLevel Level, double Sharers, string? Shared) DomainOf(Company record, Company account)
    {
        if (record.Domains.Length == 0 || account.Domains.Length == 0)
            return (DomainLevel.Unknown, 0, null);
        foreach (var domain in record.Domains)
        {
            if (Array.IndexOf(account.Domains, domain) < 0)
                continue;
            var names = _namesByDomain.GetValueOrDefault(domain, 1);
            return (
                DomainLevel.Same,
                FewestSharers + Math.Max(0, _index.HavingDomain(domain).Count - 1) + (names - 1) / (double)names,
                domain
            );
        }
        foreach (var domain in record.Domains)
        {
            var label = PublicSuffixes.LabelOf(domain);
            if (label.Length > 3 && Array.Exists(account.Domains, other => PublicSuffixes.LabelOf(other) == label))
                return (DomainLevel.SameLabel, Math.Max(0, _index.HavingLabel(label).Count - 1), domain);
        }
        return (DomainLevel.Different, 0, null);
    }

    /// <summary>
    /// How many other accounts are expected to agree so far with a company that is none of ours. Of a name that c accounts have it is c less
    /// a discount, for a name seen once would mostly not be seen again (absolute discounting, Ney, Essen and Kneser 1994).
    /// </summary>
    double NamesakesOf(NameLevel level, Company account, ColumnLevel country)
    {
        if (account.Name is not { } name || level is NameLevel.Unknown or NameLevel.Different)
            return 0;
        var isGeneral = name.Words.All(_index.IsGeneral);
        var expected = _namesakes[(int)level];
        if (level is NameLevel.Same or NameLevel.SameWithoutForm or NameLevel.SameOtherForm)
        {
            var isHere = country == ColumnLevel.Same;
            var (withForm, of) = (level == NameLevel.Same, isHere ? account.Country : null);
            var count = CompaniesOf(
                    _index
                        .Namesakes(name.Core)
                        .Select(one => (one, _index.Companies[one]))
                        .Where(one => (!withForm || one.Item2.Name!.Form == name.Form) && (of is null || one.Item2.Country == of))
                        .Select(one => one.one)
                )
                .Count();
            expected = Math.Max(1, count) - _discounts[(withForm, isHere)];
            if (isGeneral)
                expected = Math.Max(expected, FewestOfGeneralName);
            // Counted in the country: what the country says by itself is in it.
            return isHere ? expected / ShareOfCountry(account.Country!) : expected;
        }
        return isGeneral ? Math.Max(expected, FewestOfGeneralName) : expected;
    }

    /// <summary>Different companies among accounts: two rows of one domain are one company twice.</summary>
    IEnumerable<string> CompaniesOf(IEnumerable<int> accounts) =>
        accounts
            .Select(one => _index.Companies[one] is { Domains: [var domain, ..] } ? domain : _index.Companies[one].Id)
            .Distinct();

    /// <summary>How many companies have each name, told apart by legal form, by country, or both.</summary>
    IEnumerable<int> CountsOf(bool withForm, bool inCountry)
    {
        foreach (var namesakes in _index.ByName)
        {
            if (namesakes.Count == 1)
                yield return 1;
            else
            {
                foreach (
                    var group in namesakes.GroupBy(one =>
                        (withForm ? _index.Companies[one].Name!.Form : null, inCountry ? _index.Companies[one].Country : null)
                    )
                )
                    yield return CompaniesOf(group).Count();
            }
        }
    }

    /// <summary>How much is taken off a count, 0.3 to 0.99: the more of them are 1, the more.</summary>
    static double Discount(IEnumerable<int> counts)
    {
        var (ones, twos) = (4.0, 0.1);
        foreach (var count in counts)
        {
            ones += count == 1 ? 1 : 0;
            twos += count == 2 ? 1 : 0;
        }
        return Math.Clamp(ones / (ones + 2 * twos), 0.3, 0.99);
    }

    /// <summary>By level, how many other accounts an account agrees with so far; those of its own domain are likely itself.</summary>
    double[] CountNamesakes()
    {
        var counts = new double[_levels];
        var found = new List<int>();
        var step = Math.Max(1, _index.Companies.Count / MostLookedAt);
        var lookedAt = 0;
        var search = new CompanySearch(_index);
        for (var i = 0; i < _index.Companies.Count; i += step)
        {
            var one = _index.Companies[i];
            lookedAt++;
            search.Find(one, found);
            foreach (var other in found)
            {
                if (_index.Companies[other].Id == one.Id || _index.Companies[other].Domains.Intersect(one.Domains).Any())
                    continue;
                counts[(int)NameComparison.Of(one.Name, _index.Companies[other].Name, _index.IsGeneral)]++;
            }
        }
        for (var level = 0; level < _levels; level++)
            counts[level] = Math.Max(FewestOf((NameLevel)level), counts[level] / Math.Max(1, lookedAt));
        return counts;
    }

    static double FewestOf(NameLevel level) =>
        level switch
        {
            NameLevel.Reordered => 0.02,
            NameLevel.Misspelt => 0.05,
            NameLevel.MisspeltTwice => 0.1,
            NameLevel.GeneralWords => 0.1,
            NameLevel.MisspeltGeneralWords => 0.2,
            NameLevel.Initials => 0.3,
            NameLevel.Part => 1,
            NameLevel.SomeWords => 3,
            _ => 0.03,
        };

    /// <summary>Counts, of domains that several records have, the names that are not one name in other words.</summary>
    void CountNamesByDomain(IReadOnlyList<Company> records)
    {
        var first = new Dictionary<string, Company>(records.Count);
        var names = new Dictionary<string, List<CompanyName?>>();
        foreach (var record in records)
        {
            foreach (var domain in record.Domains)
            {
                if (first.TryAdd(domain, record))
                    continue;
                if (!names.TryGetValue(domain, out var having))
                    names.Add(domain, having = [first[domain].Name]);
                if (
                    having.Count < MostNamesOfDomain
                    && !having.Exists(one => NameComparison.Of(one, record.Name, _index.IsGeneral) < NameLevel.Initials)
                )
                    having.Add(record.Name);
            }
        }
        foreach (var (domain, having) in names)
            _namesByDomain.Add(domain, having.Count);
    }
}
