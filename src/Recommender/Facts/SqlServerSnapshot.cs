using System.Data;
using System.Data.Common;

namespace Recommender.Facts;

/// <summary>One transaction on one connection, which sees the database as it was when it first read. Nobody waits for it, nor does it wait.</summary>
sealed class SqlServerSnapshot : HistorySnapshot
{
    readonly DbConnection _connection;
    readonly DbTransaction _transaction;

    public SqlServerSnapshot(DbConnection connection)
    {
        _connection = connection;
        try
        {
            (_transaction, Position) = SqlServerHistoryStore.BeginSnapshot(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal override bool ReadsOneAtATime => true;

    internal override DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = HistoryStore.Command(_connection, _transaction, sql + SqlServerHistoryStore.Recompile, values);
        command.CommandTimeout = 0;
        return command.ExecuteReader();
    }

    public override void Dispose()
    {
        _transaction.Dispose();
        _connection.Dispose();
    }
}
