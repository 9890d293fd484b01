using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Capabilities.Mapping;

/// <summary>
/// Has the overlaps of a partner follow from its matches: one for each account and population that a live record is, as long as it is.
/// Overlaps that came from elsewhere are left alone.
/// </summary>
sealed class OverlapSync
{
    readonly PartnerList _list;
    readonly DateTime _at;
    readonly List<AccountMatch> _matches = [];
    readonly List<HistoryRow> _overlaps = [];

    /// <summary>Works out what is to be.</summary>
    /// <param name="list">What is.</param>
    /// <param name="records">The records as they are from now on.</param>
    /// <param name="matches">The matches to look at, as they are from now on: all of each account that they name.</param>
    /// <param name="at">Now, UTC.</param>
    public OverlapSync(
        PartnerList list,
        IReadOnlyDictionary<string, PartnerAccount> records,
        IEnumerable<AccountMatch> matches,
        DateTime at
    )
    {
        (_list, _at) = (list, at);
        foreach (var ofAccount in matches.GroupBy(match => match.AccountId.Value))
            Sync(ofAccount.Key, [.. ofAccount.OrderBy(match => match.RecordId, StringComparer.Ordinal)], records);
    }

    /// <summary>The overlaps to write.</summary>
    public IReadOnlyList<HistoryRow> Overlaps => _overlaps;

    /// <summary>The matches, with the overlaps that were made of them.</summary>
    public IReadOnlyList<AccountMatch> Matches() => _matches;

    void Sync(string account, List<AccountMatch> matches, IReadOnlyDictionary<string, PartnerAccount> records)
    {
        var made = matches
            .Where(match => match.OverlapSince is not null)
            .Select(match => (match.Population!, match.OverlapSince!.Value))
            .Distinct()
            .ToList();
        var kept = new HashSet<(string, DateTime)>();
        var overlapOf = new Dictionary<string, DateTime?>();
        var live = matches
            .Where(match => match.IsMatch && _list.Sharing == "fields")
            .Select(match => (Match: match, Record: records.GetValueOrDefault(match.RecordId)))
            .Where(one => one.Record?.GoesOnAfter(_at) == true)
            .ToList();
        foreach (var population in live.GroupBy(one => one.Record!.Population))
        {
            var since = SinceOf(account, population.Key, made, [.. population.Select(one => one.Record!)]);
            overlapOf.Add(population.Key, since);
            if (since is not { } start)
                continue;
            kept.Add((population.Key, start));
            var held = population.Select(one => one.Record!).ToList();
            var contacts = held.Where(record => record.ContactCount is not null).ToList();
            Write(
                new(
                    _list.PartnerId,
                    account,
                    population.Key,
                    contacts.Count == 0 ? null : contacts.Sum(record => record.ContactCount!.Value),
                    held.OrderByDescending(record => record.ContactCount ?? 0)
                        .Select(record => record.ContactLevel)
                        .FirstOrDefault(level => level is not null),
                    start,
                    held.Exists(record => record.Until is null) ? null : held.Max(record => record.Until)
                )
            );
        }
        foreach (var (population, since) in made.Where(one => !kept.Contains(one)))
        {
            if (Find(account, population, since) is { } over && over.GoesOnAfter(_at))
                Write(over with { Until = _at });
        }
        foreach (var match in matches)
        {
            var of = live.Find(one => one.Match == match).Record?.Population;
            var since = of is null ? null : overlapOf[of];
            // What was made once is known as ours, though it ended.
            _matches.Add(since is null ? match : match with { Population = of, OverlapSince = since });
        }
    }

    /// <summary>
    /// Since when the overlap holds that is to stand: what the list says, unless an overlap from elsewhere has that date; null if one from
    /// elsewhere holds.
    /// </summary>
    DateTime? SinceOf(
        string account,
        string population,
        List<(string Population, DateTime Since)> made,
        List<PartnerAccount> held
    )
    {
        var elsewhere = _list
            .OverlapsOf(account, population)
            .Where(overlap => !made.Contains((population, overlap.Since)))
            .ToList();
        if (elsewhere.Exists(overlap => overlap.IsLive(_at)))
            return null;
        var since = held.Min(record => record.Since);
        if (since is not null && !elsewhere.Exists(overlap => overlap.Since == since))
            return since;
        var before = made.Where(one => one.Population == population).Select(one => (DateTime?)one.Since).Min();
        return before ?? _at;
    }

    AccountOverlap? Find(string account, string population, DateTime since) =>
        _list.OverlapsOf(account, population).FirstOrDefault(overlap => overlap.Since == since);

    void Write(AccountOverlap overlap)
    {
        if (Find(overlap.AccountId.Value, overlap.Population, overlap.Since) == overlap)
            return;
        _overlaps.Add(
            FactTables.AccountOverlaps.Row(
                ("partner_id", overlap.PartnerId),
                ("account_id", overlap.AccountId),
                ("population", overlap.Population),
                ("since", overlap.Since),
                ("contact_count", overlap.ContactCount),
                ("contact_level", overlap.ContactLevel),
                ("until", overlap.Until)
            )
        );
    }
}
