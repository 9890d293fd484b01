using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
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
    protected abstract DbConnection Connect();

    /// <summary>Starts a transaction that no other writer can interleave with.</summary>
    /// <exception cref="IOException">Another process is writing.</exception>
    protected abstract DbTransaction BeginExclusive(DbConnection connection);

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
            using var insert = Command(connection, transaction, statements.Insert, table);
            using var update = Command(connection, transaction, statements.Update, table);
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
                var fingerprint = Fingerprint(row, out var attributes);
                if (table == HistoryContract.Opportunities && row.Values[8] is "won" or "lost" && row.Values[7] is null)
                    withoutEnd++;
                if (!known.TryGetValue(row.Key, out var before))
                {
                    Execute(insert, row, attributes, fingerprint);
                    inserted++;
                }
                else if (before != fingerprint)
                {
                    Execute(update, row, attributes, fingerprint);
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
    public IEnumerable<DatedFact> ReadFacts(DateTime asOf)
    {
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var statements in HistorySql.All)
        {
            streams.Add(Stream(statements.Table, statements.Select, asOf, ends: false));
            if (statements.SelectEnds is { } ends)
                streams.Add(Stream(statements.Table, ends, asOf, ends: true));
        }
        return Merge(streams);
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

    IEnumerable<DatedFact> Stream(HistoryTable table, string sql, DateTime asOf, bool ends)
    {
        using var connection = Connect();
        using var reader = connection.ExecuteReader(sql, new { asOf = Instants.Text(asOf) });
        var names = new Dictionary<string, string[]>();
        while (reader.Read())
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
            var attributes = reader.IsDBNull(values.Length)
                ? Attributes.None
                : ReadAttributes(reader.GetString(values.Length), names);
            var first = true;
            foreach (var fact in new HistoryRow(table, values, attributes).Facts())
            {
                if (first != ends)
                    yield return fact;
                first = false;
            }
        }
    }

    static Attributes ReadAttributes(string json, Dictionary<string, string[]> names)
    {
        var pairs = JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!;
        var key = string.Join('\u001f', pairs.Keys);
        if (!names.TryGetValue(key, out var shared))
            names[key] = shared = [.. pairs.Keys];
        return new(shared, [.. pairs.Values]);
    }

    static DbCommand Command(DbConnection connection, DbTransaction transaction, string sql, HistoryTable table)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        string[] ends = table.Name switch
        {
            "opportunities" => ["closed_seen_at"],
            "deal_registrations" => ["decided_seen_at"],
            _ => [],
        };
        foreach (
            var name in (string[])
                [.. table.Columns.Select(column => column.Name), "attributes", "fingerprint", "seen_at", .. ends]
        )
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            parameter.Value = DBNull.Value;
            command.Parameters.Add(parameter);
        }
        return command;
    }

    static void Execute(DbCommand command, HistoryRow row, string? attributes, long fingerprint)
    {
        var parameters = command.Parameters;
        var at = 0;
        for (; at < row.Values.Length; at++)
            parameters[at].Value = row.Values[at] is DateTime instant ? Instants.Text(instant) : row.Values[at] ?? DBNull.Value;
        parameters[at++].Value = attributes ?? (object)DBNull.Value;
        parameters[at++].Value = fingerprint;
        var facts = row.Facts().Select(fact => Instants.Text(fact.SeenAt)).ToList();
        parameters[at].Value = facts[0];
        if (parameters.Count > at + 1)
            parameters[at + 1].Value = facts.Count > 1 ? facts[1] : DBNull.Value;
        command.ExecuteNonQuery();
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

    static long Fingerprint(HistoryRow row, out string? attributes)
    {
        attributes =
            row.Attributes.Names.Count == 0
                ? null
                : JsonSerializer.Serialize(
                    row.Attributes.Names.Zip(row.Attributes.Values).ToDictionary(pair => pair.First, pair => pair.Second)
                );
        var text = new StringBuilder();
        foreach (var value in row.Values)
        {
            text.Append(
                    value switch
                    {
                        DateTime at => Instants.Text(at),
                        double number => number.ToString("R", CultureInfo.InvariantCulture),
                        _ => (string?)value,
                    }
                )
                .Append(value is null ? '\u001e' : '\u001f');
        }
        return BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(attributes).ToString())));
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
