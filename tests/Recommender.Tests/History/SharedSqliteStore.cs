using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

/// <summary>
/// A SQLite file that several writers share by the protocol of SQL Server: who writes holds the lock and gives later moments than all before;
/// who follows is told the rows that changed since, and what they replaced. What SQL Server finds by row versions is found here by
/// comparing the whole database with what it was.
/// </summary>
sealed class SharedSqliteStore : SqliteHistoryStore
{
    // What the database held at each version, for all stores on the file.
    static readonly ConcurrentDictionary<(string Path, long Version), HashSet<string>> _held = new();

    readonly string _path;
    readonly TimeProvider _time;

    public SharedSqliteStore(string path, TimeProvider time)
        : base(path)
    {
        (_path, _time) = (path, time);
        using var connection = Connect();
        connection.Execute(
            "CREATE TABLE IF NOT EXISTS change_clock (clock_id INTEGER PRIMARY KEY, writes INTEGER NOT NULL, stamp TEXT NOT NULL); INSERT OR IGNORE INTO change_clock (clock_id, writes, stamp) VALUES (1, 0, '0001-01-01T00:00:00.000Z')"
        );
    }

    public override bool IsShared => true;

    /// <summary>True while the server does not answer.</summary>
    public bool IsGone { get; set; }

    public override HistorySnapshot OpenSnapshot()
    {
        var moment = Peeked();
        var connection = (SqliteConnection)Connect();
        var transaction = connection.BeginTransaction(deferred: true);
        return new Snapshot(connection, transaction, Position(connection, transaction, moment ?? DateTime.MinValue));
    }

    public override (ChangePosition Now, List<DatedFact> Facts) ReadChanges(
        DbConnection connection,
        DbTransaction? exclusive,
        ChangePosition since
    )
    {
        if (IsGone)
            throw new StoreUnavailableException(StoreFault.Broken, new IOException("gone"));
        if (exclusive is not null)
            return ReadChanges(connection, exclusive, since, Now());
        var moment = Peeked();
        using var snapshot = ((SqliteConnection)connection).BeginTransaction(deferred: true);
        return ReadChanges(connection, snapshot, since, moment ?? since.KnownBefore);
    }

    /// <summary>Now; null if somebody writes.</summary>
    DateTime? Peeked()
    {
        using var peeking = (SqliteConnection)Connect();
        peeking.Execute("PRAGMA busy_timeout = 0");
        try
        {
            var moment = Now();
            peeking.DefaultTimeout = 1;
            using var peek = peeking.BeginTransaction(deferred: false);
            return moment;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    (ChangePosition, List<DatedFact>) ReadChanges(
        DbConnection connection,
        DbTransaction transaction,
        ChangePosition since,
        DateTime moment
    )
    {
        var now = Position(connection, transaction, moment);
        if (now.KnownBefore < since.KnownBefore)
            now = now with { KnownBefore = since.KnownBefore };
        if (now.Epoch != since.Epoch || now.Writes == since.Writes)
            return (now, []);
        var before = _held[(_path, since.Version)];
        var facts = new List<DatedFact>();
        foreach (var (id, own) in Rows(connection, transaction, since.KnownBefore))
        {
            if (!before.Contains(id))
                facts.AddRange(own);
        }
        return (now, facts);
    }

    public override ChangePosition Changed(DbTransaction exclusive, ChangePosition before, DateTime? given)
    {
        var stamp = given ?? Now();
        var connection = exclusive.Connection!;
        connection.Execute(
            "UPDATE change_clock SET writes = writes + 1, stamp = MAX(stamp, @stamp) WHERE clock_id = 1",
            new { stamp = Instants.Text(stamp) },
            exclusive
        );
        var now = Position(connection, exclusive, stamp.AddMilliseconds(1));
        return before with { Writes = now.Writes, Version = now.Version, KnownBefore = stamp.AddMilliseconds(1) };
    }

    ChangePosition Position(DbConnection connection, DbTransaction transaction, DateTime moment)
    {
        var (writes, stamp) = connection.QuerySingle<(long, string)>(
            "SELECT writes, stamp FROM change_clock WHERE clock_id = 1",
            transaction: transaction
        );
        var epoch = connection.ExecuteScalar<long>("SELECT COUNT(*) FROM history_epochs", transaction: transaction);
        var version = epoch * 1_000_000 + writes;
        _held.TryAdd((_path, version), [.. Rows(connection, transaction, default).Select(row => row.Id)]);
        var next = Instants.OfText(stamp).AddMilliseconds(1);
        return new(writes, epoch, version, moment > next ? moment : next);
    }

    static IEnumerable<(string Id, List<DatedFact> Facts)> Rows(
        DbConnection connection,
        DbTransaction transaction,
        DateTime knownBefore
    )
    {
        var names = new Dictionary<string, string[]>();
        foreach (var table in FactTables.OfFacts)
        {
            var find = table.Statements.Find;
            using var reader = Query(connection, transaction, find[..find.IndexOf("WHERE", StringComparison.Ordinal)]);
            while (reader.Read())
            {
                var row = StoredRow.Read(table, reader, names);
                yield return ($"{table.Name} {row.Row.Key} {row.Fingerprint} {row.Facts[0].AppliedAt:O}", [.. row.Facts]);
            }
        }
        const string Superseded =
            "SELECT row_values, attributes, seen_at, applied_at, until_seen_at, until_applied_at, table_name, is_end FROM superseded_facts";
        using var old = Query(connection, transaction, Superseded);
        while (old.Read())
        {
            var held = FactStreams.SupersededFact(old, names);
            yield return (
                $"old {held.Fact.Kind} {held.Fact.Key} {held.Fact.AppliedAt:O}",
                [.. FactVersions.Since(held, knownBefore)]
            );
        }
    }

    DateTime Now()
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return new(now.Ticks - now.Ticks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
    }

    sealed class Snapshot : HistorySnapshot
    {
        readonly DbConnection _connection;
        readonly DbTransaction _transaction;

        public Snapshot(DbConnection connection, DbTransaction transaction, ChangePosition position) =>
            (_connection, _transaction, Position) = (connection, transaction, position);

        internal override DbDataReader Read(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
            Query(_connection, _transaction, sql, values);

        public override void Dispose()
        {
            _transaction.Dispose();
            _connection.Dispose();
        }
    }
}
