using System.Collections.Concurrent;

namespace Recommender.Matching;

/// <summary>A record and an account that it may be.</summary>
/// <param name="Account">The account's id.</param>
/// <param name="Probability">That they are one, 0 to 1.</param>
/// <param name="Pair">What they have in common.</param>
sealed record FoundMatch(string Account, double Probability, Comparison Pair);

/// <summary>Matches the records of a list with our accounts.</summary>
sealed class CompanyMatcher
{
    /// <summary>From which probability on a pair is matched without a person: a wrong match costs far more than a missed one.</summary>
    public const double MatchedFrom = 0.87;

    /// <summary>From which probability on a person is asked.</summary>
    public const double ReviewFrom = 0.1;

    /// <summary>matched, review or none.</summary>
    public static string StateOf(double? probability) =>
        probability switch
        {
            >= MatchedFrom => "matched",
            >= ReviewFrom => "review",
            _ => "none",
        };

    const int MostKept = 3;
    const int MostEstimated = 20_000;
    static readonly MatchModel _model = new();
    readonly CompanyIndex _index;
    readonly Lazy<Comparer> _comparer;
    readonly ConcurrentBag<CompanySearch> _searches = [];

    /// <summary>Takes the accounts in.</summary>
    /// <param name="accounts">Several of one id are names and domains that it had.</param>
    public CompanyMatcher(IReadOnlyList<Company> accounts)
    {
        _index = new(accounts);
        _comparer = new(() => new(_index, []));
    }

    /// <summary>
    /// The accounts that one company may be, the likeliest first, none below <see cref="ReviewFrom"/>: by what is usual of pairs that are one
    /// company, since a company by itself says nothing of that.
    /// </summary>
    /// <param name="company">The company.</param>
    /// <param name="newer">Accounts that came since this was made.</param>
    public IReadOnlyList<FoundMatch> Find(Company company, IReadOnlyList<Company> newer)
    {
        if (!_searches.TryTake(out var search))
            search = new(_index);
        var found = new List<int>();
        search.Find(company, found);
        _searches.Add(search);
        var candidates = CandidatesOf(company, found, _comparer.Value).Select(one => (Id: IdOf(one), one.Comparison)).ToList();
        foreach (var account in newer)
        {
            var pair = _comparer.Value.Of(company, account);
            var known = candidates.FindIndex(one => one.Id == account.Id);
            if (known < 0 && IsCandidate(pair))
                candidates.Add((account.Id, pair));
            else if (known >= 0 && Closeness(pair) < Closeness(candidates[known].Comparison))
                candidates[known] = (account.Id, pair);
        }
        var probabilities = new double[candidates.Count];
        _model.Probabilities([.. candidates.Select((one, i) => new Candidate(i, one.Comparison))], probabilities);
        return
        [
            .. candidates
                .Select((one, i) => new FoundMatch(one.Id, probabilities[i], one.Comparison))
                .Where(one => one.Probability >= ReviewFrom)
                .OrderByDescending(one => one.Probability)
                .ThenBy(one => one.Account, StringComparer.Ordinal)
                .Take(MostKept),
        ];
    }

    /// <summary>Counts what is common among the accounts, which the first <see cref="Find"/> needs.</summary>
    public void MakeReady() => _ = _comparer.Value;

    static bool IsCandidate(in Comparison pair) =>
        pair.Name is not (NameLevel.Different or NameLevel.Unknown) || pair.Domain is DomainLevel.Same or DomainLevel.SameLabel;

    /// <summary>Of each record the accounts that it may be, the likeliest first, none below <see cref="ReviewFrom"/>.</summary>
    /// <param name="records">The list, as a whole: how common something is in it counts.</param>
    /// <param name="decisions">What people decided: by record, accounts and whether they are one.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    public IReadOnlyList<FoundMatch>[] Match(
        IReadOnlyList<Company> records,
        ILookup<string, (string Account, bool IsMatch)> decisions,
        Action<double>? progress = null
    ) => Match(records, decisions, _ => true, progress)!;

    /// <summary>The same of some records, by position; null of the others.</summary>
    public IReadOnlyList<FoundMatch>?[] Match(
        IReadOnlyList<Company> records,
        ILookup<string, (string Account, bool IsMatch)> decisions,
        Func<int, bool> isWanted,
        Action<double>? progress
    )
    {
        bool IsOfSample(int i) => IsSample(i, records.Count);
        var comparer = new Comparer(_index, records);
        var candidates = new Candidate[records.Count][];
        var done = 0;
        Parallel.For(
            0,
            records.Count,
            () => (Search: new CompanySearch(_index), Found: new List<int>()),
            (i, _, own) =>
            {
                if (IsOfSample(i) || isWanted(i) || decisions.Contains(records[i].Id))
                {
                    own.Search.Find(records[i], own.Found);
                    candidates[i] = CandidatesOf(records[i], own.Found, comparer);
                }
                if (Interlocked.Increment(ref done) % 1000 == 0)
                    progress?.Invoke(0.9 * done / records.Count);
                return own;
            },
            _ => { }
        );
        var model = new MatchModel();
        model.Estimate([.. candidates.Where((_, i) => IsOfSample(i))]);
        if (decisions.Count > 0)
            model.Learn(DecidedOf(records, candidates, decisions, model));
        var matches = new IReadOnlyList<FoundMatch>?[records.Count];
        Span<double> probabilities = stackalloc double[256];
        for (var i = 0; i < records.Count; i++)
        {
            if (!isWanted(i))
                continue;
            // What a person rejected does not stand against the others.
            var open = decisions.Contains(records[i].Id)
                ? Array.FindAll(candidates[i], one => !decisions[records[i].Id].Contains((IdOf(one), false)))
                : candidates[i];
            matches[i] = MatchesOf(open, model, probabilities);
        }
        progress?.Invoke(1);
        return matches;
    }

    /// <summary>True for records by which the model is estimated: some of a long list.</summary>
    public static bool IsSample(int record, int records) => record % Math.Max(1, records / MostEstimated) == 0;

    /// <summary>The candidates of a record, an account once: as that of its names under which it has most in common.</summary>
    Candidate[] CandidatesOf(Company record, List<int> found, Comparer comparer)
    {
        if (found.Count == 0)
            return [];
        var candidates = new List<Candidate>(found.Count);
        foreach (var account in found)
        {
            var pair = comparer.Of(record, _index.Companies[account]);
            if (!IsCandidate(pair))
                continue;
            var same = candidates.FindIndex(one => _index.Companies[one.Account].Id == _index.Companies[account].Id);
            if (same < 0)
                candidates.Add(new(account, pair));
            else if (Closeness(pair) < Closeness(candidates[same].Comparison))
                candidates[same] = new(account, pair);
        }
        return candidates.Count <= 250 ? [.. candidates] : [.. candidates.OrderBy(one => Closeness(one.Comparison)).Take(250)];
    }

    static int Closeness(in Comparison pair) =>
        (pair.Domain == DomainLevel.Same ? 0 : 100) + (pair.Name == NameLevel.Unknown ? 50 : (int)pair.Name);

    /// <summary>What was decided on pairs, with what the model says of them by itself.</summary>
    IEnumerable<Decided> DecidedOf(
        IReadOnlyList<Company> records,
        Candidate[][] candidates,
        ILookup<string, (string Account, bool IsMatch)> decisions,
        MatchModel model
    )
    {
        var probabilities = new double[256];
        for (var i = 0; i < records.Count; i++)
        {
            if (!decisions.Contains(records[i].Id))
                continue;
            model.Probabilities(candidates[i], probabilities, withShifts: false);
            foreach (var (account, isMatch) in decisions[records[i].Id])
            {
                if (Array.FindIndex(candidates[i], one => IdOf(one) == account) is not (>= 0 and var at))
                    continue;
                // That a record is another of two that look the same says nothing of pairs that look so.
                var pair = candidates[i][at].Comparison;
                if (isMatch || Array.FindAll(candidates[i], one => one.Comparison.Kind == pair.Kind).Length == 1)
                    yield return new(pair, probabilities[at], isMatch);
            }
        }
    }

    string IdOf(in Candidate candidate) => _index.Companies[candidate.Account].Id;

    List<FoundMatch> MatchesOf(Candidate[] candidates, MatchModel model, Span<double> probabilities)
    {
        var matches = new List<FoundMatch>();
        model.Probabilities(candidates, probabilities);
        for (var i = 0; i < candidates.Length; i++)
        {
            if (probabilities[i] >= ReviewFrom)
                matches.Add(new(IdOf(candidates[i]), probabilities[i], candidates[i].Comparison));
        }
        matches.Sort(
            (x, y) =>
                y.Probability.CompareTo(x.Probability) is not 0 and var order
                    ? order
                    : string.CompareOrdinal(x.Account, y.Account)
        );
        if (matches.Count > MostKept)
            matches.RemoveRange(MostKept, matches.Count - MostKept);
        return matches;
    }
}
