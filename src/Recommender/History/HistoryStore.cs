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

/// <summary>How far a replica has followed a database that others write to as well.</summary>
/// <param name="Writes">Transactions that changed facts.</param>
/// <param name="Epoch">Imports.</param>
/// <param name="Version">The newest change; changes become visible in the order of their versions.</param>
/// <param name="KnownBefore">Every fact that was taken in before this moment is known; none will be dated before it. UTC.</param>
public readonly record struct ChangePosition(long Writes, long Epoch, long Version, DateTime KnownBefore);

/// <summary>The history as it stood at one moment, several streams of it at a time.</summary>
public abstract class HistorySnapshot : IDisposable
{
    /// <summary>Where it stands among the changes.</summary>
    public ChangePosition Position { get; protected init; }

    /// <summary>Starts a query.</summary>
    internal abstract DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values);

    /// <summary>Lets others write, once every stream was started.</summary>
    public virtual void Unlock() { }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Where an import puts the rows of one table.</summary>
abstract class RowSink : IDisposable
{
    /// <summary>Takes a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="attributes">Its attributes as JSON; null if none.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="isNew">The table has no row of its key yet.</param>
    public abstract void Take(HistoryRow row, string? attributes, long fingerprint, bool isNew);

    /// <summary>Has everything stand in the table.</summary>
    public virtual void Finish() { }

    public abstract void Dispose();
}

/// <summary>
/// A history in a database: the one seam between the product and the engine. What SQL can say portably stands here; an engine adds how
/// to connect, how to set up the schema, and how several processes share it.
/// </summary>
public abstract class HistoryStore
{
    static HistoryStore() => Engines.Register();

    /// <summary>Opens the database that a text names: a connection string for SQL Server, or else the path of a SQLite file.</summary>
    /// <exception cref="InvalidDataException">It is no database of ours, or not as expected.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static HistoryStore Open(string database) =>
        SqlServerHistoryStore.IsConnectionString(database)
            ? new SqlServerHistoryStore(database)
            : new SqliteHistoryStore(database);

    /// <summary>True if other processes may write to it while this one does.</summary>
    public virtual bool IsShared => false;

    /// <summary>Opens a new connection to the database.</summary>
    public abstract DbConnection Connect();

    /// <summary>Reads on a connection of its own; again if the connection broke, where the engine's driver knows that to be safe.</summary>
    /// <param name="read">Only reads, and outside of a transaction.</param>
    public virtual T Read<T>(Func<DbConnection, T> read)
    {
        using var connection = Connect();
        return read(connection);
    }

    /// <summary>Starts a transaction that no other writer can interleave with.</summary>
    /// <exception cref="IOException">Another process is writing.</exception>
    public abstract DbTransaction BeginExclusive(DbConnection connection);

    /// <summary>The history as it stands, for reading.</summary>
    public abstract HistorySnapshot OpenSnapshot();

    /// <summary>What is wrong with the database itself if that is why a statement failed; null if the statement was at fault.</summary>
    public abstract StoreUnavailableException? Unavailable(Exception fault);

    /// <summary>What others changed since <paramref name="since"/>, as facts to be applied, and how far that goes.</summary>
    /// <param name="connection">A connection to the database.</param>
    /// <param name="exclusive">The transaction of <see cref="BeginExclusive"/>; null to read beside those who write.</param>
    /// <param name="since">How far the replica is. If an import came since, there are no facts: everything has to be folded anew.</param>
    public virtual (ChangePosition Now, List<DatedFact> Facts) ReadChanges(
        DbConnection connection,
        DbTransaction? exclusive,
        ChangePosition since
    ) => (since, []);

    /// <summary>Has others see that facts were changed in this transaction.</summary>
    /// <param name="exclusive">The transaction.</param>
    /// <param name="before">How far the replica was in it.</param>
    /// <param name="stamp">The last moment that was given to a fact, UTC.</param>
    public virtual ChangePosition Changed(DbTransaction exclusive, ChangePosition before, DateTime stamp) => before;

    /// <summary>Where an import puts the rows of a table.</summary>
    private protected abstract RowSink OpenSink(DbConnection connection, DbTransaction transaction, TableStatements statements);

    /// <summary>
    /// Takes a folder in, all or nothing. The same folder twice changes nothing. Rows that cannot be taken are written to
    /// <paramref name="rejectedFile"/> and to the table of rejected rows.
    /// </summary>
    /// <param name="folder">The history.</param>
    /// <param name="rejectedFile">Replaced when the import succeeds.</param>
    /// <param name="strict">Refuse the whole import if any row is rejected.</param>
    /// <param name="progress">Told the table and the share of bytes read, 0 to 1.</param>
    /// <exception cref="InvalidDataException">A header is wrong, or a row was rejected and <paramref name="strict"/> is set.</exception>
    /// <exception cref="IOException">The database cannot be written, or another process is writing.</exception>
    public ImportSummary Import(
        HistoryFolder folder,
        string rejectedFile,
        bool strict,
        Action<string, double>? progress = null
    ) => Guarded(() => ImportAll(folder, rejectedFile, strict, progress));

    /// <summary>Does something; a fault of the database itself comes as what it is.</summary>
    /// <exception cref="StoreUnavailableException">The database is full, read only, busy or gone.</exception>
    private protected T Guarded<T>(Func<T> what)
    {
        try
        {
            return what();
        }
        catch (Exception e) when (e is DbException or AggregateException or InvalidOperationException)
        {
            if (Unavailable(e) is { } unavailable)
                throw unavailable;
            throw;
        }
    }

    ImportSummary ImportAll(HistoryFolder folder, string rejectedFile, bool strict, Action<string, double>? progress)
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
            using var sink = OpenSink(connection, transaction, statements);
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
                    sink.Take(row, attributes, fingerprint, isNew: true);
                    inserted++;
                }
                else if (before != fingerprint)
                {
                    sink.Take(row, attributes, fingerprint, isNew: false);
                    connection.Execute(HistorySql.ForgetSuperseded, new { table = table.Name, key = row.Key }, transaction);
                    updated++;
                }
                else
                    unchanged++;
            }
            sink.Finish();
            done += length;
            counts.Add(new(table.File, inserted, updated, unchanged, rejected.Count - rejectedBefore));
        }
        if (strict && rejected.Count > 0)
            throw new InvalidDataException($"{rejected.Count} rows rejected, nothing imported. The first: {rejected[0]}");
        if (counts.Exists(count => count.Inserted + count.Updated > 0))
            connection.Execute(HistorySql.InsertEpoch, new { at = importedAt }, transaction);
        connection.Execute(HistorySql.DeleteRejected, transaction: transaction);
        connection.Execute(HistorySql.InsertRejected, rejected, transaction);
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
        using var snapshot = OpenSnapshot();
        using var facts = Facts(snapshot, asOf, appliedBefore, live).GetEnumerator();
        for (var any = facts.MoveNext(); any; any = facts.MoveNext())
        {
            snapshot.Unlock();
            yield return facts.Current;
        }
    }

    /// <summary>All facts of a snapshot in the order in which a service takes them in. The first starts every stream.</summary>
    public static IEnumerable<DatedFact> Applied(HistorySnapshot snapshot) =>
        Facts(snapshot, DateTime.MaxValue, DateTime.MaxValue, live: true);

    static IEnumerable<DatedFact> Facts(HistorySnapshot snapshot, DateTime asOf, DateTime appliedBefore, bool live)
    {
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var statements in HistorySql.All)
        {
            foreach (var isEnd in (bool[])[false, true])
            {
                if ((isEnd ? statements.SelectEnds : statements.Select) is not { } sql)
                    continue;
                streams.Add(
                    Stream(
                        statements.Table,
                        isEnd,
                        live,
                        () => snapshot.Read(sql, ("@asOf", asOf), ("@appliedBefore", appliedBefore), ("@live", live))
                    )
                );
                streams.Add(
                    StreamSuperseded(
                        statements.Table,
                        isEnd,
                        live,
                        () =>
                            snapshot.Read(
                                HistorySql.SelectSuperseded,
                                ("@table", statements.Table.Name),
                                ("@isEnd", isEnd),
                                ("@asOf", asOf),
                                ("@appliedBefore", appliedBefore),
                                ("@live", live)
                            )
                    )
                );
            }
        }
        return Merge(streams);
    }

    /// <summary>How many imports changed the history so far.</summary>
    public long Epoch() => Read(connection => connection.ExecuteScalar<long>(HistorySql.CountEpochs));

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(HistoryTable table, string key) =>
        Read(connection =>
        {
            using var writer = new HistoryWriter(connection);
            return writer.Find(table, key);
        });

    /// <summary>The id of the account or partner that has an external id; null if none has.</summary>
    public string? FindByExternalId(HistoryTable table, string externalId) =>
        Read(connection =>
            connection.QueryFirstOrDefault<string>(
                table == HistoryContract.Accounts ? HistorySql.AccountByExternalId : HistorySql.PartnerByExternalId,
                new { externalId }
            )
        );

    /// <summary>Ids of accounts taken in at or after a moment, in that order.</summary>
    /// <param name="since">The moment, UTC.</param>
    /// <param name="after">The id at that moment after which to go on; empty to begin.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<(string AccountId, DateTime AppliedAt)> AccountsSince(DateTime since, string after, int limit) =>
        Read(connection =>
            connection
                .Query<(string, DateTime)>(
                    HistorySql.AccountsSince.For(connection),
                    new
                    {
                        since,
                        after,
                        limit,
                    }
                )
                .AsList()
        );

    /// <summary>The tables that hold rows.</summary>
    public IReadOnlyList<string> Tables() =>
        Read(connection =>
            HistoryContract
                .Tables.Select(table => table.Name)
                .Intersect(connection.Query<string>(HistorySql.TablesWithRows))
                .ToList()
        );

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

    static IEnumerable<DatedFact> Stream(HistoryTable table, bool isEnd, bool live, Func<DbDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        var applied = table.Columns.Count + 2;
        while (reader.Read())
        {
            var row = ReadRow(table, reader, names);
            yield return Fact(row, isEnd, live ? Engines.Instant(reader, applied) : null, Engines.Flag(reader, applied + 1));
        }
    }

    static IEnumerable<DatedFact> StreamSuperseded(HistoryTable table, bool isEnd, bool live, Func<DbDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        while (reader.Read())
            yield return SupersededFact(table, isEnd, live, reader, names);
    }

    /// <summary>The fact at which a reader of <see cref="HistorySql.SelectSuperseded"/>'s columns stands.</summary>
    private protected static DatedFact SupersededFact(
        HistoryTable table,
        bool isEnd,
        bool live,
        DbDataReader reader,
        Dictionary<string, string[]> names
    )
    {
        var values = HistoryRow.ReadValues(table, reader.GetString(0));
        var attributes = reader.IsDBNull(1) ? Attributes.None : ReadAttributes(reader.GetString(1), names);
        return Fact(new(table, values, attributes), isEnd, live ? Engines.Instant(reader, 3) : null, Engines.Flag(reader, 4));
    }

    static DatedFact Fact(HistoryRow row, bool isEnd, DateTime? appliedAt, bool isChange)
    {
        var fact = row.Facts().ElementAt(isEnd ? 1 : 0) with { IsChange = isChange };
        return appliedAt is { } at ? fact with { AppliedAt = at } : fact;
    }

    /// <summary>Runs a query whose parameters are no part of its text. The reader lives on the command; the connection closes both.</summary>
    private protected static DbDataReader Query(
        DbConnection connection,
        DbTransaction? transaction,
        string sql,
        params ReadOnlySpan<(string Name, object? Value)> values
    ) => Command(connection, transaction, sql, values).ExecuteReader();

    private protected static DbCommand Command(
        DbConnection connection,
        DbTransaction? transaction,
        string sql,
        params ReadOnlySpan<(string Name, object? Value)> values
    )
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            Engines.Set(parameter, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    /// <summary>The row whose columns, and attributes after them, stand first in <paramref name="reader"/>.</summary>
    internal static HistoryRow ReadRow(HistoryTable table, DbDataReader reader, Dictionary<string, string[]> names)
    {
        var values = new object?[table.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (reader.IsDBNull(i))
                continue;
            values[i] = table.Columns[i].Kind switch
            {
                ColumnKind.Number => Engines.Number(reader, i),
                ColumnKind.Instant => Engines.Instant(reader, i),
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
        var (columns, length) = (statements.Table.Columns, statements.Table.KeyLength);
        using var reader = Query(connection, transaction, statements.Keys);
        string Part(int at) =>
            columns[at].Kind == ColumnKind.Instant ? Instants.Text(Engines.Instant(reader, at)) : reader.GetString(at);
        while (reader.Read())
        {
            var key = length == 1 ? reader.GetString(0) : string.Join('\u001f', Enumerable.Range(0, length).Select(Part));
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
