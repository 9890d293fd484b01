using System.Data.Common;
using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Data.Sqlite;

namespace Recommender.History;

/// <summary>The embedded default: one SQLite file, write-ahead log, no server.</summary>
public sealed class SqliteHistoryStore : HistoryStore
{
    const int Busy = 5;
    readonly string _connection;

    /// <summary>Opens or creates <paramref name="path"/> and brings its schema up to date.</summary>
    /// <exception cref="InvalidDataException">The file is no database of ours.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public SqliteHistoryStore(string path)
    {
        _connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 5 }.ToString();
        try
        {
            using (var connection = Connect())
            using (var command = connection.CreateCommand())
            {
                command.CommandText = "PRAGMA journal_mode = WAL";
                command.ExecuteNonQuery();
            }
            var result = DeployChanges
                .To.SqliteDatabase(_connection)
                .WithScriptsEmbeddedInAssembly(
                    Assembly.GetExecutingAssembly(),
                    name => name.Contains(".History.Sqlite.", StringComparison.Ordinal)
                )
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
    protected override DbConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        return connection;
    }

    /// <inheritdoc/>
    protected override DbTransaction BeginExclusive(DbConnection connection)
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
}
