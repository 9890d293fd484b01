using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

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
    /// <param name="facts">What it states, with the moments at which that is seen and applied.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="isNew">The table has no row of its key yet.</param>
    /// <param name="isChange">It replaces an earlier version that was seen.</param>
    public abstract void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange);

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
    internal abstract RowSink OpenSink(DbConnection connection, DbTransaction transaction, FactTable table);

    /// <summary>
    /// Takes a folder in, all or nothing. The same folder twice changes nothing. Rows that cannot be taken are written to
    /// <paramref name="rejectedFile"/> and to the table of rejected rows.
    /// </summary>
    /// <param name="folder">The history.</param>
    /// <param name="rejectedFile">Replaced when the import succeeds.</param>
    /// <param name="strict">Refuse the whole import if any row is rejected.</param>
    /// <param name="progress">Told the table and the share of bytes read, 0 to 1.</param>
    /// <param name="reject">Told each row that is not taken.</param>
    /// <exception cref="InvalidDataException">A header is wrong, or a row was rejected and <paramref name="strict"/> is set.</exception>
    /// <exception cref="IOException">The database cannot be written, or another process is writing.</exception>
    public ImportSummary Import(
        HistoryFolder folder,
        string rejectedFile,
        bool strict,
        Action<string, double>? progress = null,
        Action<RejectedRow>? reject = null
    ) => Guarded(() => ImportAll(folder, rejectedFile, strict, progress, reject));

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

    ImportSummary ImportAll(
        HistoryFolder folder,
        string rejectedFile,
        bool strict,
        Action<string, double>? progress,
        Action<RejectedRow>? reject
    )
    {
        using var connection = Connect();
        using var transaction = BeginExclusive(connection);
        using var import = new Import(this, connection, transaction, folder);
        var summary = import.Run(progress);
        var rejected = import.Rejected;
        rejected.ForEach(row => reject?.Invoke(row));
        if (strict && rejected.Count > 0)
            throw new InvalidDataException($"{rejected.Count} rows rejected, nothing imported. The first: {rejected[0]}");
        if (import.HasChanged)
            connection.Execute(HistorySql.InsertEpoch, new { at = import.At }, transaction);
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
        return summary;
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
        using var facts = Facts(snapshot, DateTime.MinValue, asOf, appliedBefore, live).GetEnumerator();
        for (var any = facts.MoveNext(); any; any = facts.MoveNext())
        {
            snapshot.Unlock();
            yield return facts.Current;
        }
    }

    /// <summary>All facts of a snapshot in the order in which a service takes them in. The first starts every stream.</summary>
    public static IEnumerable<DatedFact> Applied(HistorySnapshot snapshot) =>
        Facts(snapshot, DateTime.MinValue, DateTime.MaxValue, DateTime.MaxValue, live: true);

    /// <summary>
    /// Of the facts of <see cref="ReadApplied"/>, those applied at <paramref name="from"/> or later: a fold of what was applied before goes
    /// on with them. A row that changed since then tells what it replaces. The first starts every stream.
    /// </summary>
    /// <param name="snapshot">The history.</param>
    /// <param name="from">The first moment, inclusive, UTC; not later than either of the others.</param>
    /// <param name="asOf">Before which they can be seen, exclusive.</param>
    /// <param name="appliedBefore">Before which they were applied, exclusive.</param>
    internal static IEnumerable<DatedFact> Applied(
        HistorySnapshot snapshot,
        DateTime from,
        DateTime asOf,
        DateTime appliedBefore
    ) => Facts(snapshot, from, asOf, appliedBefore, live: true);

    static IEnumerable<DatedFact> Facts(HistorySnapshot snapshot, DateTime from, DateTime asOf, DateTime appliedBefore, bool live)
    {
        DbDataReader Read(string sql) =>
            snapshot.Read(sql, ("@asOf", asOf), ("@appliedFrom", from), ("@appliedBefore", appliedBefore), ("@live", live));
        var streams = new List<IEnumerable<DatedFact>>();
        foreach (var table in FactTables.OfFacts)
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

    /// <summary>How many imports changed the history so far.</summary>
    public long Epoch() => Read(connection => connection.ExecuteScalar<long>(HistorySql.CountEpochs));

    /// <summary>The same of a snapshot, before it is unlocked.</summary>
    internal static long EpochOf(HistorySnapshot snapshot)
    {
        using var reader = snapshot.Read(HistorySql.CountEpochs);
        reader.Read();
        return Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// True if something that could be seen before <paramref name="asOf"/> was taken in, or back, at that moment or later and before
    /// <paramref name="appliedBefore"/>.
    /// </summary>
    internal bool IsLate(DateTime asOf, DateTime appliedBefore) =>
        appliedBefore > asOf
        && Read(connection =>
            FactTables
                .OfFacts.SelectMany(table => (string?[])[table.Statements.AnyLate, table.Statements.AnyEndLate])
                .Append(HistorySql.AnySupersededLate)
                .Any(sql => sql is not null && connection.ExecuteScalar<int>(sql, new { asOf, appliedBefore }) == 1)
        );

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(FactTable table, string key) =>
        Read(connection =>
        {
            using var writer = new HistoryWriter(connection);
            return writer.Find(table, key);
        });

    /// <summary>The id of the account or partner that has an external id; null if none has.</summary>
    public string? FindByExternalId(FactTable table, string externalId) =>
        Read(connection =>
            connection.QueryFirstOrDefault<string>(
                table == FactTables.Accounts ? HistorySql.AccountByExternalId : HistorySql.PartnerByExternalId,
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
            FactTables
                .OfFacts.Where(table => connection.ExecuteScalar<int>(table.Statements.Any) == 1)
                .Select(table => table.Name)
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

    static IEnumerable<DatedFact> Stream(FactTable table, FactKind kind, bool live, Func<DbDataReader> read)
    {
        using var reader = read();
        var names = new Dictionary<string, string[]>();
        var seen = table.Columns.Count + 1;
        while (reader.Read())
        {
            var row = ReadRow(table, reader, names);
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
    private protected static (DatedFact Fact, DateTime UntilSeen, DateTime Until) SupersededFact(
        DbDataReader reader,
        Dictionary<string, string[]> names
    )
    {
        var table = FactTables.Find(reader.GetString(6))!;
        var row = new HistoryRow(
            table,
            HistoryRow.ReadValues(table, reader.GetString(0)),
            reader.IsDBNull(1) ? Attributes.None : ReadAttributes(reader.GetString(1), names)
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
    internal static HistoryRow ReadRow(FactTable table, DbDataReader reader, Dictionary<string, string[]> names)
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

    internal static Attributes ReadAttributes(string json, Dictionary<string, string[]> names)
    {
        var pairs = JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!;
        var key = string.Join('\u001f', pairs.Keys);
        if (!names.TryGetValue(key, out var shared))
            names[key] = shared = [.. pairs.Keys];
        return new(shared, [.. pairs.Values]);
    }

    /// <summary>The key at whose columns, first in it, a reader stands.</summary>
    internal static string ReadKey(FactTable table, DbDataReader reader)
    {
        string Part(int at) =>
            table.Columns[at].Kind == ColumnKind.Instant ? Instants.Text(Engines.Instant(reader, at)) : reader.GetString(at);
        return table.KeyLength == 1
            ? reader.GetString(0)
            : string.Join('\u001f', Enumerable.Range(0, table.KeyLength).Select(Part));
    }

    internal static Dictionary<string, long> Fingerprints(DbConnection connection, DbTransaction transaction, FactTable table)
    {
        var known = new Dictionary<string, long>();
        using var reader = Query(connection, transaction, table.Statements.Keys);
        while (reader.Read())
            known.Add(ReadKey(table, reader), reader.GetInt64(table.KeyLength));
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
