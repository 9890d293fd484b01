using System.Data;
using System.Data.Common;
using System.Globalization;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

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

    /// <summary>The same, to take rows in on.</summary>
    public virtual DbConnection ConnectToWrite() => Connect();

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

    /// <summary>True if something failed because of the database, a file or what was asked of them: whoever goes on may have more luck.</summary>
    public bool IsToBlame(Exception fault) => fault is DbException or IOException || Unavailable(fault) is not null;

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
    /// <param name="given">The last moment that was given to a fact, UTC; null for now by the clock of the database.</param>
    public virtual ChangePosition Changed(DbTransaction exclusive, ChangePosition before, DateTime? given) => before;

    /// <summary>Has the engine's own log forget what was erased; false if somebody reads it now, and it is to be tried again.</summary>
    /// <param name="connection">A connection without a transaction.</param>
    public virtual bool Forget(DbConnection connection) => true;

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

    /// <summary>Does something; a fault of the database itself comes as what it is, unless it says so already.</summary>
    /// <exception cref="StoreUnavailableException">The database is full, read only, busy or gone.</exception>
    private protected T Guarded<T>(Func<T> what)
    {
        try
        {
            return what();
        }
        catch (Exception e) when (e is not (IOException or InvalidDataException))
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
        using var connection = ConnectToWrite();
        using var transaction = BeginExclusive(connection);
        using var import = new Import(this, connection, transaction, folder);
        var summary = import.Run(progress);
        var rejected = import.Rejected;
        rejected.ForEach(row => reject?.Invoke(row));
        var refusal =
            strict && rejected.Count > 0 ? $"{rejected.Count} rows rejected, nothing imported. The first: {rejected[0]}"
            : EmptyTable() is { } table
                ? $"Nothing imported: no row of {table} was taken."
                    + (rejected.Find(row => row.Table == table) is { } first ? $" The first: {first}" : "")
            : null;
        if (refusal is not null)
        {
            RejectedFile.Write(rejectedFile, rejected);
            throw new InvalidDataException(refusal);
        }
        if (import.HasChanged)
        {
            connection.Execute(HistorySql.InsertEpoch, new { at = import.At }, transaction);
            // Who opens the history from now on knows these rows: they are not told to it again. Nobody goes by this machine's clock.
            Changed(transaction, default, null);
        }
        connection.Execute(HistorySql.DeleteRejected, transaction: transaction);
        connection.Execute(HistorySql.InsertRejected, rejected, transaction);
        var temporary = rejectedFile + ".part";
        try
        {
            RejectedFile.Write(temporary, rejected);
            transaction.Commit();
            File.Move(temporary, rejectedFile, true);
        }
        finally
        {
            File.Delete(temporary);
        }
        progress?.Invoke("", 1);
        return summary;

        // A table of which the folder has to give rows and gave none; what an erased account leaves out is no fault of the folder.
        FactTable? EmptyTable() =>
            rejected.Exists(ErasedAccounts.IsWhy)
                ? null
                : FactTables.All.FirstOrDefault(table =>
                    table.Required
                    && summary.Tables.Any(count => count.File == table.File && count.Accepted == 0)
                    && (
                        rejected.Exists(row => row.Table == table)
                        || connection.ExecuteScalar<int>(table.Statements.Any, transaction: transaction) == 0
                    )
                );
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
        foreach (var fact in FactStreams.Of(snapshot, DateTime.MinValue, asOf, appliedBefore, live))
            yield return fact;
    }

    /// <summary>All facts of a snapshot in the order in which a service takes them in.</summary>
    public static IEnumerable<DatedFact> Applied(HistorySnapshot snapshot) =>
        FactStreams.Of(snapshot, DateTime.MinValue, DateTime.MaxValue, DateTime.MaxValue, live: true);

    /// <summary>
    /// Of the facts of <see cref="ReadApplied"/>, those applied at <paramref name="from"/> or later: a fold of what was applied before goes
    /// on with them. A row that changed since then tells what it replaces.
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
    ) => FactStreams.Of(snapshot, from, asOf, appliedBefore, live: true);

    /// <summary>How many imports changed the history so far.</summary>
    public long Epoch() => Read(connection => connection.ExecuteScalar<long>(HistorySql.CountEpochs));

    /// <summary>The same of a snapshot.</summary>
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
                .Folded.SelectMany(table => (string?[])[table.Statements.AnyLate, table.Statements.AnyEndLate])
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

    /// <summary>What became of a row that is not there: into what it was merged in the end, or when it was deleted, UTC; neither if it never was.</summary>
    public (string? Into, DateTime? DeletedAt) WhatBecameOf(FactTable table, string key) =>
        Read(connection =>
        {
            using var writer = new HistoryWriter(connection);
            return writer.WhatBecameOf(table, key);
        });

    /// <summary>The first id of the accounts or partners that have an external id, or into which one that had it was merged; null if there is none.</summary>
    public string? FindByExternalId(FactTable table, string externalId) =>
        Read(connection =>
        {
            using var writer = new HistoryWriter(connection);
            return writer.HavingExternalId(table, externalId) is [var first, ..] ? first : null;
        });

    /// <summary>Rows of accounts or partners in the order in which they were written, whenever what they say was true.</summary>
    /// <param name="table">The table.</param>
    /// <param name="since">From this moment on, UTC.</param>
    /// <param name="after">The id at that moment after which to go on; empty to begin.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<(HistoryRow Row, DateTime WrittenAt)> WrittenSince(
        FactTable table,
        DateTime since,
        string after,
        int limit
    ) =>
        Read(connection =>
        {
            var rows = new List<(HistoryRow, DateTime)>();
            var names = new Dictionary<string, string[]>();
            using var command = Command(
                connection,
                null,
                table.Statements.Since!.For(connection),
                ("@since", since),
                ("@after", after),
                ("@limit", limit)
            );
            using var reader = command.ExecuteReader();
            while (reader.Read())
                rows.Add((RowReader.ReadRow(table, reader, names), Engines.Instant(reader, reader.FieldCount - 3)));
            return rows;
        });

    /// <summary>What the rows of a table say as they stand, in the order of their keys.</summary>
    public IReadOnlyList<T> ReadNouns<T>(FactTable<T> table)
        where T : class => NounsOf(table, table.Statements.All);

    /// <summary>Of those whose key begins with a column's value.</summary>
    public IReadOnlyList<T> ReadNouns<T>(FactTable<T> table, string first)
        where T : class => NounsOf(table, table.Statements.Of, ("@first", first));

    List<T> NounsOf<T>(FactTable<T> table, string sql, params (string Name, object? Value)[] values)
        where T : class =>
        Read(connection =>
        {
            var nouns = new List<T>();
            var names = new Dictionary<string, string[]>();
            using var command = Command(connection, null, sql, values);
            using var reader = command.ExecuteReader();
            while (reader.Read())
                nouns.Add(table.Read(RowReader.ReadRow(table, reader, names)));
            return nouns;
        });

    /// <summary>
    /// Writes as an import does, beside no other writer: durable when it returns. Services that have the database open fold it anew.
    /// </summary>
    /// <exception cref="IOException">The database cannot be written, or another process is writing.</exception>
    public T Write<T>(Func<WriteScope, T> write) =>
        Guarded(() =>
        {
            using var connection = ConnectToWrite();
            using var transaction = BeginExclusive(connection);
            var at = Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime);
            using var writer = new HistoryWriter(connection) { Transaction = transaction, KnownUntil = at };
            using var statements = new PreparedStatements(connection) { Transaction = transaction };
            var scope = new WriteScope(connection, transaction, writer, statements, at);
            var written = write(scope);
            writer.Finish();
            if (scope.Facts.Count > 0)
            {
                connection.Execute(HistorySql.InsertEpoch, new { at }, transaction);
                Changed(transaction, default, scope.Stamp);
            }
            transaction.Commit();
            return written;
        });

    /// <summary>The tables that hold rows.</summary>
    public IReadOnlyList<string> Tables() =>
        Read(connection =>
            FactTables
                .OfFacts.Where(table => connection.ExecuteScalar<int>(table.Statements.Any) == 1)
                .Select(table => table.Name)
                .ToList()
        );

    /// <summary>Runs a query whose parameters are no part of its text. The reader lives on the command; the connection closes both.</summary>
    internal static DbDataReader Query(
        DbConnection connection,
        DbTransaction? transaction,
        string sql,
        params ReadOnlySpan<(string Name, object? Value)> values
    ) => Command(connection, transaction, sql, values).ExecuteReader();

    internal static DbCommand Command(
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
}
