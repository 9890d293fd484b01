using System.Data;
using System.Data.Common;

namespace Recommender.Facts;

/// <summary>A connection for each stream, all opened while nobody can write.</summary>
sealed class SqlServerSnapshot : HistorySnapshot
{
    readonly SqlServerHistoryStore _store;
    readonly List<(DbConnection Connection, DbTransaction Transaction)> _streams = [];
    (DbConnection Connection, DbTransaction Transaction)? _lock;

    public SqlServerSnapshot(SqlServerHistoryStore store)
    {
        _store = store;
        var connection = store.Connect();
        try
        {
            _lock = (connection, store.BeginExclusive(connection));
            Position = SqlServerHistoryStore.PositionOf(connection, _lock.Value.Transaction, null);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal override DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (_lock is null)
            throw new InvalidOperationException("A stream is started after Unlock; what it reads could be newer.");
        var connection = _store.Connect();
        DbTransaction? transaction = null;
        try
        {
            transaction = connection.BeginTransaction(IsolationLevel.Snapshot);
            _streams.Add((connection, transaction));
            var command = HistoryStore.Command(connection, transaction, sql + SqlServerHistoryStore.Recompile, values);
            command.CommandTimeout = 0;
            return command.ExecuteReader();
        }
        catch
        {
            transaction?.Dispose();
            connection.Dispose();
            throw;
        }
    }

    public override void Unlock()
    {
        _lock?.Transaction.Dispose();
        _lock?.Connection.Dispose();
        _lock = null;
    }

    public override void Dispose()
    {
        Unlock();
        foreach (var (connection, transaction) in _streams)
        {
            transaction.Dispose();
            connection.Dispose();
        }
    }
}
