using System.Data;
using System.Data.Common;
using System.Reflection;
using Dapper;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Data.Sqlite;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The embedded default: one SQLite file, write-ahead log, no server.</summary>
public class SqliteHistoryStore : HistoryStore
{
    const int Busy = 5;
    const int Locked = 6;
    const int ReadOnly = 8;
    const int InputOutput = 10;
    const int Corrupt = 11;
    const int Full = 13;
    const int CannotOpen = 14;
    const int NoDatabase = 26;
    readonly string _connection;
    readonly long _maxPages;

    /// <summary>Opens or creates <paramref name="path"/> and brings its schema up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isReadOnly">Open it for reading only; it must be there, and up to date.</param>
    /// <param name="maxMegabytes">How large it may grow; 0 is as large as the disk allows.</param>
    /// <exception cref="InvalidDataException">The file is no database of ours.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public SqliteHistoryStore(string path, bool isReadOnly = false, int maxMegabytes = 0)
    {
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = 5,
            Mode = isReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
        }.ToString();
        try
        {
            using (var connection = Connect())
            {
                if (isReadOnly)
                {
                    connection.ExecuteScalar<long>(HistorySql.CountEpochs);
                    return;
                }
                connection.Execute("PRAGMA journal_mode = WAL");
                var pageSize = connection.ExecuteScalar<long>("PRAGMA page_size");
                _maxPages = maxMegabytes * (1024L * 1024 / pageSize);
            }
            var result = DeployChanges
                .To.SqliteDatabase(_connection)
                .WithScriptsEmbeddedInAssemblies(
                    [.. FactTables.Assemblies],
                    name => name.Contains(".Sqlite.", StringComparison.Ordinal)
                )
                .WithScriptNameComparer(new ScriptOrder())
                .WithTransactionPerScript()
                .LogTo(new NoOpUpgradeLog())
                .Build()
                .PerformUpgrade();
            if (!result.Successful)
                throw new InvalidDataException($"{path}: {result.Error.Message}", result.Error);
        }
        catch (SqliteException e)
        {
            throw new IOException($"{path} cannot be opened as a SQLite database: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public sealed override DbConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        // What is deleted or replaced is overwritten: an account that was erased leaves nothing in the file.
        connection.Execute("PRAGMA secure_delete = ON");
        if (_maxPages > 0)
            connection.Execute(FormattableString.Invariant($"PRAGMA max_page_count = {_maxPages}"));
        return connection;
    }

    /// <inheritdoc/>
    public override DbTransaction BeginExclusive(DbConnection connection)
    {
        try
        {
            return ((SqliteConnection)connection).BeginTransaction(deferred: false);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Busy)
        {
            throw new IOException(
                "Another process is writing to the database; expected to be the only one. Try again when it is done.",
                e
            );
        }
    }

    /// <inheritdoc/>
    public override bool Forget(DbConnection connection) => connection.ExecuteScalar<int>("PRAGMA wal_checkpoint(TRUNCATE)") == 0;

    /// <inheritdoc/>
    public override HistorySnapshot OpenSnapshot() => new Snapshot((SqliteConnection)Connect());

    internal override RowSink OpenSink(DbConnection connection, DbTransaction transaction, FactTable table) =>
        new Sink(connection, transaction, table);

    /// <inheritdoc/>
    public override StoreUnavailableException? Unavailable(Exception fault) =>
        fault switch
        {
            StoreUnavailableException known => known,
            SqliteException { SqliteErrorCode: Full } full => new(StoreFault.Full, full),
            SqliteException { SqliteErrorCode: ReadOnly } readOnly => new(StoreFault.ReadOnly, readOnly),
            SqliteException { SqliteErrorCode: Busy or Locked } busy => new(StoreFault.Busy, busy),
            SqliteException { SqliteErrorCode: InputOutput or Corrupt or CannotOpen or NoDatabase } broken => new(
                StoreFault.Broken,
                broken
            ),
            { InnerException: SqliteException inner } => Unavailable(inner),
            _ => null,
        };

    /// <summary>One transaction on one connection: SQLite reads several streams on it at once.</summary>
    sealed class Snapshot(SqliteConnection connection) : HistorySnapshot
    {
        readonly SqliteTransaction _transaction = connection.BeginTransaction(deferred: true);

        internal override DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
            Query(connection, _transaction, sql, values);

        public override void Dispose()
        {
            _transaction.Dispose();
            connection.Dispose();
        }
    }

    sealed class Sink(DbConnection connection, DbTransaction transaction, FactTable table)
        : RowSink(connection, transaction, table)
    {
        readonly DbCommand _insert = RowCommand.Of(connection, transaction, table.Statements.Insert, table);
        readonly DbCommand _update = RowCommand.Of(connection, transaction, table.Statements.Update, table);

        public override void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange) =>
            RowCommand.Execute(isNew ? _insert : _update, row, MomentsOf(facts), isChange, row.AttributesAsJson(), fingerprint);

        public override void Dispose()
        {
            _insert.Dispose();
            _update.Dispose();
        }
    }
}
