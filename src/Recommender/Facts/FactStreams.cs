using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The facts of a snapshot, merged from a stream for each table and those of what rows said before.</summary>
static class FactStreams
{
    const int RowsOfPage = 5_000;

    // Few rows have earlier versions, and these do not lie in the order in which they are read.
    const int VersionsOfPage = 50_000;

    /// <summary>What rows and their earlier versions state, each with what it replaces.</summary>
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
        var rows = new Rows(snapshot, from, asOf, appliedBefore, live);
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var table in FactTables.Folded)
        {
            var statements = table.Statements;
            streams.Add(Stream(rows, table, table.Kind!, live, statements.Select!));
            if (statements.SelectEnds is { } ends)
                streams.Add(Stream(rows, table, table.Kind!.End!, live, ends));
        }
        streams.Add(InOrder(Superseded(rows, HistorySql.SelectSuperseded).Select(held => Dated(held.Fact, live))));
        var replaced = InOrder(
            Superseded(rows, HistorySql.SelectReplaced)
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

    static IEnumerable<DatedFact> Stream(Rows rows, FactTable table, FactKind kind, bool live, StreamText text)
    {
        var names = new Dictionary<string, string[]>();
        var seen = table.Columns.Count + 1;
        return rows.Of(
            text,
            RowsOfPage,
            reader =>
            {
                var row = RowReader.ReadRow(table, reader, names);
                var fact = new DatedFact(Engines.Instant(reader, seen), kind, row.Key, table.NounOf(row));
                return live ? fact with { AppliedAt = Engines.Instant(reader, seen + 1) } : fact;
            }
        );
    }

    static DatedFact Dated(in DatedFact fact, bool live) => live ? fact : fact with { AppliedAt = fact.SeenAt };

    static IEnumerable<(DatedFact Fact, DateTime UntilSeen, DateTime Until)> Superseded(Rows rows, StreamText text)
    {
        var names = new Dictionary<string, string[]>();
        return rows.Of(text, VersionsOfPage, reader => SupersededFact(reader, names));
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

    /// <summary>
    /// The rows of a snapshot that one walk over it asks for. Where queries cannot be interleaved, those of a live fold come in pages, each of
    /// whole moments; those in another order than the one they lie in come at once, for every page would sort them all.
    /// </summary>
    sealed class Rows(HistorySnapshot snapshot, DateTime from, DateTime asOf, DateTime appliedBefore, bool live)
    {
        public IEnumerable<T> Of<T>(StreamText text, int limit, Func<DbDataReader, T> read)
        {
            if (!snapshot.ReadsOneAtATime)
            {
                using var reader = Read(text.Rows, from, appliedBefore);
                while (reader.Read())
                    yield return read(reader);
                yield break;
            }
            for (DateTime? start = from; start is { } at; )
            {
                var end = live ? EndOfPage(text, at, limit) : null;
                var page = new List<T>();
                using (var reader = Read(text.Rows, at, end ?? appliedBefore))
                {
                    while (reader.Read())
                        page.Add(read(reader));
                }
                foreach (var row in page)
                    yield return row;
                start = end;
            }
        }

        /// <summary>Where the next page begins; null if there is none.</summary>
        DateTime? EndOfPage(StreamText text, DateTime start, int limit)
        {
            using var reader = Read(text.EndOfPage, start, appliedBefore, ("@limit", limit));
            reader.Read();
            return
                reader.GetInt32(0) == limit && Engines.Instant(reader, 1) is var last && last < appliedBefore.AddMilliseconds(-1)
                ? last.AddMilliseconds(1)
                : null;
        }

        DbDataReader Read(string sql, DateTime start, DateTime end, params ReadOnlySpan<(string, object?)> more) =>
            snapshot.Read(sql, [("@asOf", asOf), ("@appliedFrom", start), ("@appliedBefore", end), ("@live", live), .. more]);
    }
}

/// <summary>A stream of rows that state facts.</summary>
/// <param name="Rows">Those seen before @asOf and applied from @appliedFrom on and before @appliedBefore; in the order of application if @live is 1, else in that of sight.</param>
/// <param name="EndOfPage">SQL Server: how many the first @limit of them are by application, and when the last of these was applied.</param>
public sealed record StreamText(string Rows, string EndOfPage);
