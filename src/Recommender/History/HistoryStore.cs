using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Dapper;
using Recommender.CoSell;

namespace Recommender.History;

/// <summary>What an import did to one table.</summary>
public sealed record TableImport(string File, long Inserted, long Updated, long Unchanged, long Rejected)
{
    /// <summary>Rows taken.</summary>
    public long Accepted => Inserted + Updated + Unchanged;
}

/// <summary>What an import did.</summary>
/// <param name="Tables">By file, in contract order.</param>
/// <param name="WithoutEnd">Opportunities that are won or lost but have no closed_at: kept, but their outcome teaches nothing.</param>
public sealed record ImportSummary(IReadOnlyList<TableImport> Tables, long WithoutEnd);

/// <summary>
/// A history in a database: the one seam between the product and the engine. What SQL can say portably stands here; an engine adds how
/// to connect and how to set up the schema.
/// </summary>
public abstract class HistoryStore
{
    /// <summary>Opens a new connection to the database.</summary>
    public abstract DbConnection Connect();

    /// <summary>Starts a transaction that no other writer can interleave with.</summary>
    /// <exception cref="IOException">Another process is writing.</exception>
    public abstract DbTransaction BeginExclusive(DbConnection connection);

    /// <summary>Starts a transaction in which everything is read as it stands at its first read.</summary>
    public abstract DbTransaction BeginSnapshot(DbConnection connection);

    /// <summary>What is wrong with the database itself if that is why a statement failed; null if the statement was at fault.</summary>
    public abstract StoreUnavailableException? Unavailable(Exception fault);

    /// <summary>
    /// Takes a folder in, all or nothing. The same folder twice changes nothing. Rows that cannot be taken are written to
    /// <paramref name="rejectedFile"/> and to the table of rejected rows.
    /// </summary>
    /// <param name="folder">The history.</param>
    /// <param name="rejectedFile">Replaced when the import succeeds.</param>
    /// <param name="strict">Refuse the whole import if any row is rejected.</param>
    /// <param name="progress">Told the table and the share of bytes read, 0 to 1.</param>
    /// <exception cref="InvalidDataException">A header is wrong, or a row was rejected and <paramref name="strict"/> is set.</exception>
    public ImportSummary Import(HistoryFolder folder, string rejectedFile, bool strict, Action<string, double>? progress = null)
    {
        var importedAt = TimeProvider.System.GetUtcNow().UtcDateTime;
        using var connection = Connect();
        using var transaction = BeginExclusive(connection);
        var rejected = new List<RejectedRow>();
        var counts = new List<TableImport>();
        var keys = new KnownKeys();
        long withoutEnd = 0;
        double done = 0,
            total = Math.Max(1, folder.Length);
        foreach (var table in folder.Tables)
        {
            var statements = HistorySql.All.Single(statements => statements.Table == table);
            using var insert = RowCommand.Of(connection, transaction, statements.Insert, table);
            using var update = RowCommand.Of(connection, transaction, statements.Update, table);
            var known = Fingerprints(connection, transaction, statements);
            keys.Of(table.Name)?.UnionWith(known.Keys);
            long inserted = 0,
                updated = 0,
                unchanged = 0,
                rejectedBefore = rejected.Count;
            var length = folder.LengthOf(table);
            foreach (
                var row in folder.Read(
                    table,
                    keys,
                    rejected.Add,
                    at => progress?.Invoke(table.File, (done + Math.Min(at, length)) / total)
                )
            )
            {
                var fingerprint = row.Fingerprint(out var attributes);
                if (table == HistoryContract.Opportunities && row.Values[8] is "won" or "lost" && row.Values[7] is null)
                    withoutEnd++;
                if (!known.TryGetValue(row.Key, out var before))
                {
                    RowCommand.Execute(insert, row, attributes, fingerprint);
                    inserted++;
                }
                else if (before != fingerprint)
                {
                    RowCommand.Execute(update, row, attributes, fingerprint);
                    connection.Execute(HistorySql.ForgetSuperseded, new { table = table.Name, key = row.Key }, transaction);
                    updated++;
                }
                else
                    unchanged++;
            }
            done += length;
            counts.Add(new(table.File, inserted, updated, unchanged, rejected.Count - rejectedBefore));
        }
        if (strict && rejected.Count > 0)
            throw new InvalidDataException($"{rejected.Count} rows rejected, nothing imported. The first: {rejected[0]}");
        if (counts.Exists(count => count.Inserted + count.Updated > 0))
            connection.Execute(
                "INSERT INTO history_epochs (imported_at) VALUES (@at)",
                new { at = Instants.Text(importedAt) },
                transaction
            );
        connection.Execute("DELETE FROM rejected_rows", transaction: transaction);
        connection.Execute(
            """
            INSERT INTO rejected_rows (file, line, column_name, found, expected)
            VALUES (@File, @Line, @Column, @Found, @Expected)
            """,
            rejected,
            transaction
        );
        var temporary = rejectedFile + ".part";
        try
        {
            WriteRejected(temporary, rejected);
            transaction.Commit();
            File.Move(temporary, rejectedFile, true);
        }
        finally
        {
            File.Delete(temporary);
        }
        progress?.Invoke("", 1);
        return new(counts, withoutEnd);
    }

    /// <summary>Facts seen strictly before <paramref name="asOf"/>, in the order in which they could be seen, as a stream.</summary>
    public IEnumerable<DatedFact> ReadFacts(DateTime asOf) => ReadFacts(asOf, DateTime.MaxValue, live: false);

    /// <summary>
    /// Facts seen strictly before <paramref name="asOf"/> and taken in by the service strictly before <paramref name="appliedBefore"/>,
    /// in the order in which a running service took them in: the same fold again, to the bit.
    /// </summary>
    public IEnumerable<DatedFact> ReadApplied(DateTime asOf, DateTime appliedBefore) =>
        ReadFacts(asOf, appliedBefore, live: true);

    IEnumerable<DatedFact> ReadFacts(DateTime asOf, DateTime appliedBefore, bool live)
    {
        using var connection = Connect();
        using var transaction = BeginSnapshot(connection);
        var bounds = new
        {
            asOf = Instants.Text(asOf),
            appliedBefore = Instants.Text(appliedBefore),
            live = live ? 1 : 0,
        };
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var statements in HistorySql.All)
        {
            foreach (var isEnd in (bool[])[false, true])
            {
                if ((isEnd ? statements.SelectEnds : statements.Select) is not { } sql)
                    continue;
                streams.Add(Stream(statements.Table, isEnd, live, () => connection.ExecuteReader(sql, bounds, transaction)));
                streams.Add(
                    StreamSuperseded(
                        statements.Table,
                        isEnd,
                        live,
                        () =>
                            connection.ExecuteReader(
                                HistorySql.SelectSuperseded,
                                new
                                {
                                    table = statements.Table.Name,
                                    isEnd = isEnd ? 1 : 0,
                                    bounds.asOf,
                                    bounds.appliedBefore,
                                    bounds.live,
                                },
                                transaction
                            )
                    )
                );
            }
        }
        foreach (var fact in Merge(streams))
            yield return fact;
    }

    /// <summary>How many imports changed the history so far.</summary>
    public long Epoch()
    {
        using var connection = Connect();
        return connection.ExecuteScalar<long>("SELECT COUNT(*) FROM history_epochs");
    }

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(HistoryTable table, string key)
    {
        using var connection = Connect();
        using var writer = new HistoryWriter(connection);
        return writer.Find(table, key);
    }

    /// <summary>The id of the account or partner that has an external id; null if none has.</summary>
    public string? FindByExternalId(HistoryTable table, string externalId)
    {
        using var connection = Connect();
        return connection.QueryFirstOrDefault<string>(
            table == HistoryContract.Accounts ? HistorySql.AccountByExternalId : HistorySql.PartnerByExternalId,
            new { externalId }
        );
    }

    /// <summary>Ids of accounts taken in at or after a moment, in that order.</summary>
    /// <param name="since">The moment, UTC.</param>
    /// <param name="after">The id at that moment after which to go on; empty to begin.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<(string AccountId, DateTime AppliedAt)> AccountsSince(DateTime since, string after, int limit)
    {
        using var connection = Connect();
        return
        [
            .. connection
                .Query<(string Id, string At)>(
                    HistorySql.AccountsSince,
                    new
                    {
                        since = Instants.Text(since),
                        after,
                        limit,
                    }
                )
                .Select(row => (row.Id, Instants.OfText(row.At))),
        ];
    }

    /// <summary>The tables that hold rows.</summary>
    public IReadOnlyList<string> Tables()
    {
        using var connection = Connect();
        return
        [
            .. HistorySql
                .All.Where(statements =>
                {
                    using var reader = connection.ExecuteReader(statements.Keys);
                    return reader.Read();
                })
                .Select(statements => statements.Table.Name),
        ];
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

    static IEnumerable<DatedFact> Stream(HistoryTable table, bool isEnd, bool live, Func<IDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        var applied = table.Columns.Count + 2;
        while (reader.Read())
        {
            var row = ReadRow(table, reader, names);
            yield return Fact(row, isEnd, live ? reader.GetString(applied) : null, reader.GetInt64(applied + 1) != 0);
        }
    }

    static IEnumerable<DatedFact> StreamSuperseded(HistoryTable table, bool isEnd, bool live, Func<IDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        while (reader.Read())
        {
            var values = HistoryRow.ReadValues(table, reader.GetString(0));
            var attributes = reader.IsDBNull(1) ? Attributes.None : ReadAttributes(reader.GetString(1), names);
            yield return Fact(new(table, values, attributes), isEnd, live ? reader.GetString(3) : null, reader.GetInt64(4) != 0);
        }
    }

    static DatedFact Fact(HistoryRow row, bool isEnd, string? appliedAt, bool isChange)
    {
        var fact = row.Facts().ElementAt(isEnd ? 1 : 0) with { IsChange = isChange };
        return appliedAt is null ? fact : fact with { AppliedAt = Instants.OfText(appliedAt) };
    }

    /// <summary>The row whose columns, and attributes after them, stand first in <paramref name="reader"/>.</summary>
    internal static HistoryRow ReadRow(HistoryTable table, IDataReader reader, Dictionary<string, string[]> names)
    {
        var values = new object?[table.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (reader.IsDBNull(i))
                continue;
            values[i] = table.Columns[i].Kind switch
            {
                ColumnKind.Number => reader.GetDouble(i),
                ColumnKind.Instant => Instants.OfText(reader.GetString(i)),
                _ => reader.GetString(i),
            };
        }
        return new(
            table,
            values,
            reader.IsDBNull(values.Length) ? Attributes.None : ReadAttributes(reader.GetString(values.Length), names)
        );
    }

    static Attributes ReadAttributes(string json, Dictionary<string, string[]> names)
    {
        var pairs = JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!;
        var key = string.Join('\u001f', pairs.Keys);
        if (!names.TryGetValue(key, out var shared))
            names[key] = shared = [.. pairs.Keys];
        return new(shared, [.. pairs.Values]);
    }

    static Dictionary<string, long> Fingerprints(DbConnection connection, DbTransaction transaction, TableStatements statements)
    {
        var known = new Dictionary<string, long>();
        var length = statements.Table.KeyLength;
        using var reader = connection.ExecuteReader(statements.Keys, transaction: transaction);
        while (reader.Read())
        {
            var key =
                length == 1 ? reader.GetString(0) : string.Join('\u001f', Enumerable.Range(0, length).Select(reader.GetString));
            known.Add(key, reader.GetInt64(length));
        }
        return known;
    }

    static void WriteRejected(string path, IEnumerable<RejectedRow> rejected)
    {
        using var writer = new StreamWriter(path, false, new UTF8Encoding(false)) { NewLine = "\n" };
        using var csv = new CsvHelper.CsvWriter(writer, CultureInfo.InvariantCulture);
        foreach (var name in (string[])["file", "line", "column", "found", "expected"])
            csv.WriteField(name);
        csv.NextRecord();
        foreach (var row in rejected)
        {
            csv.WriteField(row.File);
            csv.WriteField(row.Line);
            csv.WriteField(row.Column);
            csv.WriteField(row.Found);
            csv.WriteField(row.Expected);
            csv.NextRecord();
        }
    }
}
