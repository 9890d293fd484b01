using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What rows said before they said what they say now.</summary>
static class FactVersions
{
    /// <summary>
    /// Facts in their order, each told what it replaces; what nothing takes the place of is taken back, after what is added at that moment.
    /// </summary>
    /// <param name="facts">What every version states, in the order of <see cref="DatedFact.CompareTo"/>.</param>
    /// <param name="replaced">What does not hold any more, as retractions, in that order.</param>
    public static IEnumerable<DatedFact> Replacing(IEnumerable<DatedFact> facts, IEnumerable<DatedFact> replaced)
    {
        using var ended = replaced.GetEnumerator();
        var any = ended.MoveNext();
        var open = new Dictionary<(FactKind, string), DatedFact>();
        foreach (var fact in facts)
        {
            while (any && ended.Current.AppliedAt < fact.AppliedAt)
            {
                foreach (var retraction in TakenBack(open, ended.Current.AppliedAt))
                    yield return retraction;
                open[(ended.Current.Kind, ended.Current.Key)] = ended.Current;
                any = ended.MoveNext();
            }
            foreach (var retraction in TakenBack(open, fact.AppliedAt))
                yield return retraction;
            while (any && ended.Current.AppliedAt == fact.AppliedAt)
            {
                open[(ended.Current.Kind, ended.Current.Key)] = ended.Current;
                any = ended.MoveNext();
            }
            if (open.Count > 0 && open.Remove((fact.Kind, fact.Key), out var before))
                yield return fact with
                {
                    Replaced = before.Noun,
                };
            else
                yield return fact;
        }
        while (any)
        {
            foreach (var retraction in TakenBack(open, ended.Current.AppliedAt))
                yield return retraction;
            open[(ended.Current.Kind, ended.Current.Key)] = ended.Current;
            any = ended.MoveNext();
        }
        foreach (var retraction in TakenBack(open, null))
            yield return retraction;
    }

    /// <summary>Those of <paramref name="open"/> that ended before a moment, or all; removed from it.</summary>
    static List<DatedFact> TakenBack(Dictionary<(FactKind, string), DatedFact> open, DateTime? before)
    {
        if (open.Count == 0)
            return [];
        var ended = open.Values.Where(one => before is null || one.AppliedAt < before).Order().ToList();
        foreach (var one in ended)
            open.Remove((one.Kind, one.Key));
        return ended;
    }

    /// <summary>What a replica has to be told of a fact that was replaced.</summary>
    /// <param name="held">The fact, and until when it held.</param>
    /// <param name="knownBefore">What was applied before, the replica knows.</param>
    public static IEnumerable<DatedFact> Since((DatedFact Fact, DateTime UntilSeen, DateTime Until) held, DateTime knownBefore)
    {
        var (fact, untilSeen, until) = held;
        if (fact.AppliedAt >= knownBefore && fact.AppliedAt < until)
            yield return fact;
        yield return fact with
        {
            SeenAt = untilSeen,
            AppliedAt = until,
            IsRetraction = true,
        };
    }

    /// <summary>The versions of a row, the newest last, each with the moment from which it holds; the first holds from its own date.</summary>
    /// <param name="row">The row as it is.</param>
    /// <param name="before">The row as it was until now; null if there was none.</param>
    /// <param name="changes">What single columns held, and since when; by date.</param>
    /// <param name="now">When the row was learned, UTC.</param>
    public static List<(DateTime? From, HistoryRow Row)> Of(
        HistoryRow row,
        HistoryRow? before,
        IReadOnlyList<(string Column, object? Value, DateTime At)> changes,
        DateTime now
    )
    {
        var version = before ?? row;
        foreach (var (column, value, _) in changes.Reverse())
            version = version.With(column, version.Table.Columns[version.Table.IndexOf(column)].Required ? value : null);
        var start = row.Facts()[0].SeenAt;
        foreach (var (column, value, _) in changes.Where(change => change.At <= start))
            version = version.With(column, value);
        var versions = new List<(DateTime?, HistoryRow)> { (null, version) };
        foreach (var moment in changes.Where(change => change.At > start).GroupBy(change => change.At))
        {
            foreach (var (column, value, _) in moment)
                version = version.With(column, value);
            versions.Add((moment.Key, version));
        }
        if (version.Fingerprint(out _) != row.Fingerprint(out _))
            versions.Add((now, row));
        else
            versions[^1] = (versions[^1].Item1, row);
        return versions;
    }
}
