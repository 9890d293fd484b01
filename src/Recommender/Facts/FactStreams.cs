using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The facts of a snapshot, merged from a stream for each table and those of what rows said before.</summary>
static class FactStreams
{
    /// <summary>What rows and their earlier versions state, each with what it replaces. The first starts every stream.</summary>
    /// <param name="snapshot">The history.</param>
    /// <param name="from">The first moment of application, inclusive, UTC.</param>
    /// <param name="asOf">Before which they can be seen, exclusive.</param>
    /// <param name="appliedBefore">Before which they were applied, exclusive.</param>
    /// <param name="live">In the order in which a service took them in; else in that in which they could be seen.</param>
    public static IEnumerable<DatedFact> Of(
        HistorySnapshot snapshot,
        DateTime from,
        DateTime asOf,
        DateTime appliedBefore,
        bool live
    )
    {
        DbDataReader Read(string sql) =>
            snapshot.Read(sql, ("@asOf", asOf), ("@appliedFrom", from), ("@appliedBefore", appliedBefore), ("@live", live));
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var table in FactTables.Folded)
        {
            var statements = table.Statements;
            streams.Add(Stream(table, table.Kind!, live, () => Read(statements.Select!)));
            if (statements.SelectEnds is { } ends)
                streams.Add(Stream(table, table.Kind!.End!, live, () => Read(ends)));
        }
        streams.Add(InOrder(Superseded(() => Read(HistorySql.SelectSuperseded)).Select(held => Dated(held.Fact, live))));
        var replaced = InOrder(
            Superseded(() => Read(HistorySql.SelectReplaced))
                .Select(held =>
                    held.Fact with
                    {
                        SeenAt = held.UntilSeen,
                        AppliedAt = live ? held.Until : held.UntilSeen,
                        IsRetraction = true,
                    }
                )
        );
        return FactVersions.Replacing(Merge(streams), replaced);
    }

    static IEnumerable<DatedFact> Merge(IEnumerable<IEnumerable<DatedFact>> streams)
    {
        var queue = new PriorityQueue<IEnumerator<DatedFact>, DatedFact>();
        try
        {
            foreach (var stream in streams)
            {
                var enumerator = stream.GetEnumerator();
                if (enumerator.MoveNext())
                    queue.Enqueue(enumerator, enumerator.Current);
                else
                    enumerator.Dispose();
            }
            while (queue.TryPeek(out var next, out var fact))
            {
                yield return fact;
                if (next.MoveNext())
                    queue.DequeueEnqueue(next, next.Current);
                else
                {
                    queue.Dequeue();
                    next.Dispose();
                }
            }
        }
        finally
        {
            foreach (var (enumerator, _) in queue.UnorderedItems)
                enumerator.Dispose();
        }
    }

    static IEnumerable<DatedFact> Stream(FactTable table, FactKind kind, bool live, Func<DbDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        var seen = table.Columns.Count + 1;
        while (reader.Read())
        {
            var row = RowReader.ReadRow(table, reader, names);
            var fact = new DatedFact(Engines.Instant(reader, seen), kind, row.Key, table.NounOf(row));
            yield return live ? fact with { AppliedAt = Engines.Instant(reader, seen + 1) } : fact;
        }
    }

    static DatedFact Dated(in DatedFact fact, bool live) => live ? fact : fact with { AppliedAt = fact.SeenAt };

    static IEnumerable<(DatedFact Fact, DateTime UntilSeen, DateTime Until)> Superseded(Func<DbDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        while (reader.Read())
            yield return SupersededFact(reader, names);
    }

    /// <summary>The fact at which a reader of <see cref="HistorySql.SelectSuperseded"/>'s columns stands, and until when it held.</summary>
    public static (DatedFact Fact, DateTime UntilSeen, DateTime Until) SupersededFact(
        DbDataReader reader,
        Dictionary<string, string[]> names
    )
    {
        var table = FactTables.Find(reader.GetString(6))!;
        var row = new HistoryRow(
            table,
            HistoryRow.ReadValues(table, reader.GetString(0)),
            reader.IsDBNull(1) ? Attributes.None : RowReader.ReadAttributes(reader.GetString(1), names)
        );
        var kind = Engines.Flag(reader, 7) ? table.Kind!.End! : table.Kind!;
        return (
            new(Engines.Instant(reader, 2), kind, row.Key, table.NounOf(row)) { AppliedAt = Engines.Instant(reader, 3) },
            Engines.Instant(reader, 4),
            Engines.Instant(reader, 5)
        );
    }

    /// <summary>Facts that come by their moments, in the order in which those of one moment are applied.</summary>
    static IEnumerable<DatedFact> InOrder(IEnumerable<DatedFact> facts)
    {
        var moment = new List<DatedFact>();
        foreach (var fact in facts)
        {
            if (moment.Count > 0 && moment[0].AppliedAt != fact.AppliedAt)
            {
                foreach (var one in moment.Order())
                    yield return one;
                moment.Clear();
            }
            moment.Add(fact);
        }
        foreach (var one in moment.Order())
            yield return one;
    }
}
