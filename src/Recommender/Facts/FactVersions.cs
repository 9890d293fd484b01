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
        // What ends at the moment of the facts at hand, as far as none of them has taken its place.
        var open = new Dictionary<(FactKind, string), DatedFact>();
        var moment = DateTime.MinValue;
        foreach (var fact in facts)
        {
            if (open.Count > 0 && fact.AppliedAt != moment)
            {
                foreach (var one in open.Values.Order())
                    yield return one;
                open.Clear();
            }
            moment = fact.AppliedAt;
            for (; any && ended.Current.AppliedAt < moment; any = ended.MoveNext())
                yield return ended.Current;
            for (; any && ended.Current.AppliedAt == moment; any = ended.MoveNext())
                open[(ended.Current.Kind, ended.Current.Key)] = ended.Current;
            if (open.Count > 0 && open.Remove((fact.Kind, fact.Key), out var before))
                yield return fact with
                {
                    Replaced = before.Noun,
                };
            else
                yield return fact;
        }
        foreach (var one in open.Values.Order())
            yield return one;
        for (; any; any = ended.MoveNext())
            yield return ended.Current;
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
    /// <param name="before">Its versions until now, the newest last; none if it is new. A change that one of them shows counts as one of its columns.</param>
    /// <param name="changes">What single columns held, and since when; by date, none after <paramref name="now"/>.</param>
    /// <param name="now">When the row was learned, UTC.</param>
    public static List<(DateTime? From, HistoryRow Row)> Of(
        HistoryRow row,
        IReadOnlyList<(DateTime? From, HistoryRow Row)> before,
        IReadOnlyList<(string Column, object? Value, DateTime At)> changes,
        DateTime now
    )
    {
        var version = before is [var (_, first), ..] ? first : row;
        foreach (var (column, value, _) in changes.Reverse())
        {
            var isRequired = version.Table.Columns[version.Table.IndexOf(column)].Required;
            // What it held before the first change, nobody knows, unless that was taken in then.
            if (isRequired || before.Count < 2)
                version = version.With(column, isRequired ? value : null);
        }
        var start = row.Facts()[0].SeenAt;
        foreach (var (column, value, _) in changes.Where(change => change.At <= start))
            version = version.With(column, value);
        var versions = new List<(DateTime? From, HistoryRow Row)> { (null, version) };
        var all = changes.Where(change => change.At > start).Concat(Shown(before)).OrderBy(change => change.At);
        foreach (var moment in all.GroupBy(change => change.At))
        {
            foreach (var (column, value, _) in moment)
                version = version.With(column, value);
            versions.Add((moment.Key, version));
        }
        if (IsSame(version, row))
            versions[^1] = (versions[^1].From, row);
        else
            versions.Add((now, row));
        return versions;
    }

    /// <summary>What changed from version to version.</summary>
    static IEnumerable<(string Column, object? Value, DateTime At)> Shown(
        IReadOnlyList<(DateTime? From, HistoryRow Row)> versions
    ) =>
        versions
            .Skip(1)
            .SelectMany(
                (version, v) =>
                    version
                        .Row.Table.Columns.Where(column =>
                            column != version.Row.Table.RecordedAt
                            && !Equals(version.Row[column.Name], versions[v].Row[column.Name])
                        )
                        .Select(column => (column.Name, version.Row[column.Name], version.From!.Value))
            );

    static bool IsSame(HistoryRow left, HistoryRow right) =>
        left.With("recorded_at", null).Fingerprint(out _) == right.With("recorded_at", null).Fingerprint(out _);
}
