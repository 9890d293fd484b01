using System.Data;
using System.Data.Common;
using System.Reflection;
using Dapper;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Data.SqlClient;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// SQL Server 2019 or later, or Azure SQL: what production runs, shared by several replicas. Whoever writes facts holds the lock of one
/// row until it commits, so that changes become visible in the order of their versions and no write is lost; whoever reads never waits.
/// </summary>
public sealed class SqlServerHistoryStore : HistoryStore
{
    // The transaction that holds it is the only one that writes facts. What it then still has to wait for is no writer of ours.
    const string Lock = """
        -- index: change_clock_key
        SET LOCK_TIMEOUT 5000;
        SELECT clock_id
        FROM change_clock WITH (UPDLOCK, ROWLOCK)
        WHERE clock_id = 1;
        SET LOCK_TIMEOUT 20000;
        """;

    // No row if somebody writes. The moment is read before the lock is had: who writes after it gives later moments.
    const string Peek = """
        -- index: change_clock_key
        SELECT SYSUTCDATETIME()
        FROM change_clock WITH (UPDLOCK, READPAST, READCOMMITTEDLOCK)
        WHERE clock_id = 1
        """;

    const string SelectPosition = """
        -- index: change_clock_key, history_epochs_key
        SELECT writes, (SELECT COUNT_BIG(*) FROM history_epochs), CONVERT(bigint, change_version), stamp, SYSUTCDATETIME()
        FROM change_clock
        WHERE clock_id = 1
        """;

    const string SelectSupersededSince = """
        -- index: superseded_facts_by_change
        SELECT row_values, attributes, seen_at, applied_at, until_seen_at, until_applied_at, table_name, is_end
        FROM superseded_facts
        WHERE change_version > CONVERT(binary(8), @since)
        ORDER BY change_version
        """;

    const string NoteChange = """
        -- index: change_clock_key
        UPDATE change_clock
        SET writes = writes + 1, stamp = CASE WHEN stamp > @stamp THEN stamp ELSE @stamp END
        OUTPUT inserted.writes, inserted.change_version
        WHERE clock_id = 1
        """;

    /// <summary>@live is the same for a whole stream: with its value in the plan, rows come in the order of the index, unsorted.</summary>
    internal const string Recompile = "\nOPTION (RECOMPILE)";

    readonly string _connection;
    readonly string _name;

    // The driver's list of passing faults and those of the network, which have no number outside of Windows; used for opening and for
    // reads, which do no harm twice.
    readonly SqlRetryLogicBaseProvider _retry = SqlConfigurableRetryFactory.CreateExponentialRetryProvider(
        new SqlRetryLogicOption
        {
            TransientErrors = [.. SqlConfigurableRetryFactory.BaselineTransientErrors, 0, 20, 64, 10053, 10054],
            NumberOfTries = 3,
            DeltaTime = TimeSpan.FromMilliseconds(200),
            MaxTimeInterval = TimeSpan.FromSeconds(2),
        }
    );

    /// <summary>Opens a database and brings its schema up to date; of several that try at once, one does it.</summary>
    /// <param name="connectionString">As Microsoft.Data.SqlClient reads it, with the database in it. Encrypted unless it says otherwise.</param>
    /// <param name="isReadOnly">Never write to it; its schema must be up to date.</param>
    /// <exception cref="InvalidDataException">The connection string, the server's version, or a setting of the database is not as expected.</exception>
    /// <exception cref="IOException">The database cannot be reached, or the login may not do what has to be done.</exception>
    public SqlServerHistoryStore(string connectionString, bool isReadOnly = false)
    {
        var parts =
            Parse(connectionString)
            ?? throw new InvalidDataException(
                "The connection string cannot be read; expected pairs such as Server=db.example;Database=recommender;User ID=…;Password=…, with a value that holds ; or = in quotes. It is not repeated here, because it may hold a password."
            );
        if (parts.DataSource.Length == 0 || parts.InitialCatalog.Length == 0)
            throw new InvalidDataException("The connection string names no server or no database; expected Server=…;Database=….");
        if (!parts.ShouldSerialize("Application Name"))
            parts.ApplicationName = "Recommender";
        if (!parts.ShouldSerialize("Connect Timeout"))
            parts.ConnectTimeout = 5;
        // Else the pool would answer a second try with the fault of the first.
        if (!parts.ShouldSerialize("Pool Blocking Period"))
            parts.PoolBlockingPeriod = PoolBlockingPeriod.NeverBlock;
        parts.PersistSecurityInfo = false;
        parts.MultipleActiveResultSets = false;
        (_connection, _name) = (parts.ConnectionString, $"{parts.InitialCatalog} on {parts.DataSource}");
        try
        {
            var schema = new SqlServerSchema(Connect, _connection, _name);
            schema.CheckServer();
            schema.Upgrade(isReadOnly);
        }
        catch (Exception e) when (Unavailable(e) is { } unavailable)
        {
            throw new IOException($"SQL Server database {_name} cannot be opened: {SqlServerFaults.Reason(e)}", unavailable);
        }
    }

    /// <summary>True if a text is a connection string for SQL Server rather than the path of a file.</summary>
    public static bool IsConnectionString(string text) =>
        text.Split(';')
            .Any(part =>
                part.Split('=', 2) is [var key, _]
                && key.Trim().ToUpperInvariant() is "SERVER" or "DATA SOURCE" or "ADDR" or "ADDRESS" or "NETWORK ADDRESS"
            );

    static SqlConnectionStringBuilder? Parse(string connectionString)
    {
        try
        {
            return new(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // What the driver says may hold a part of a password.
            return null;
        }
    }

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override DbConnection Connect() => Retry<DbConnection>(Open);

    /// <inheritdoc/>
    public override DbConnection ConnectToWrite()
    {
        var connection = Retry(Open);
        try
        {
            Guarded(() => StagedRows.Prepare(connection));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override T Read<T>(Func<DbConnection, T> read) =>
        Retry(() =>
        {
            using var connection = Open();
            return read(connection);
        });

    T Retry<T>(Func<T> what) => Guarded(() => _retry.Execute(this, what));

    SqlConnection Open()
    {
        var connection = new SqlConnection(_connection);
        try
        {
            connection.Open();
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            // Who lets nobody in does not answer, by whatever number: a server that shuts down has several.
            if (e is SqlException && Unavailable(e) is null)
                throw new StoreUnavailableException(StoreFault.Broken, e);
            throw;
        }
    }

    /// <inheritdoc/>
    public override DbTransaction BeginExclusive(DbConnection connection)
    {
        var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        try
        {
            Guarded(() => connection.ExecuteScalar<int>(Lock, transaction: transaction));
            return transaction;
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override HistorySnapshot OpenSnapshot() => new SqlServerSnapshot(Connect());

    internal override RowSink OpenSink(DbConnection connection, DbTransaction transaction, FactTable table) =>
        new SqlServerSink((SqlConnection)connection, (SqlTransaction)transaction, table);

    /// <inheritdoc/>
    public override (ChangePosition Now, List<DatedFact> Facts) ReadChanges(
        DbConnection connection,
        DbTransaction? exclusive,
        ChangePosition since
    )
    {
        if (exclusive is not null)
            return ReadChanges(connection, exclusive, since, PositionOf(connection, exclusive, null));
        var (snapshot, now) = BeginSnapshot(connection);
        using (snapshot)
        {
            var changes = ReadChanges(connection, snapshot, since, now);
            snapshot.Commit();
            return changes;
        }
    }

    /// <summary>Begins to read the database as it is now, beside those who write.</summary>
    internal static (DbTransaction Transaction, ChangePosition Now) BeginSnapshot(DbConnection connection)
    {
        var moment = connection.ExecuteScalar(Peek) as DateTime?;
        var snapshot = connection.BeginTransaction(IsolationLevel.Snapshot);
        try
        {
            return (snapshot, PositionOf(connection, snapshot, moment ?? DateTime.MinValue));
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    static (ChangePosition, List<DatedFact>) ReadChanges(
        DbConnection connection,
        DbTransaction transaction,
        ChangePosition since,
        ChangePosition now
    )
    {
        if (now.KnownBefore < since.KnownBefore)
            now = now with { KnownBefore = since.KnownBefore };
        var facts = new List<DatedFact>();
        if (now.Epoch != since.Epoch || now.Writes == since.Writes)
            return (now, facts);
        var names = new Dictionary<string, string[]>();
        using (var reader = Query(connection, transaction, SelectSupersededSince, ("@since", since.Version)))
        {
            while (reader.Read())
                facts.AddRange(FactVersions.Since(FactStreams.SupersededFact(reader, names), since.KnownBefore));
        }
        foreach (var table in FactTables.Folded)
        {
            using var reader = Query(connection, transaction, table.Statements.Changes, ("@since", since.Version));
            while (reader.Read())
                facts.AddRange(StoredRow.Read(table, reader, names).Facts);
        }
        return (now, facts);
    }

    /// <summary>How far the changes go.</summary>
    /// <param name="connection">A connection.</param>
    /// <param name="transaction">One that holds the lock, or a snapshot.</param>
    /// <param name="moment">Before which nothing unknown is dated, if that is later than all that was written; null for now, where the lock is held.</param>
    static ChangePosition PositionOf(DbConnection connection, DbTransaction transaction, DateTime? moment)
    {
        using var row = Query(connection, transaction, SelectPosition);
        if (!row.Read())
            throw new InvalidDataException("The table change_clock is empty; expected its one row. Restore it from a backup.");
        var at = Instants.ToMillisecond(moment ?? row.GetDateTime(4));
        var next = Engines.Instant(row, 3).AddMilliseconds(1);
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), at > next ? at : next);
    }

    /// <inheritdoc/>
    public override ChangePosition Changed(DbTransaction exclusive, ChangePosition before, DateTime? given)
    {
        var stamp = given ?? PositionOf(exclusive.Connection!, exclusive, null).KnownBefore;
        using var row = Query(exclusive.Connection!, exclusive, NoteChange, ("@stamp", stamp));
        row.Read();
        return before with
        {
            Writes = row.GetInt64(0),
            Version = Engines.Version(row, 1),
            KnownBefore = stamp.AddMilliseconds(1),
        };
    }

    /// <inheritdoc/>
    public override StoreUnavailableException? Unavailable(Exception fault) => SqlServerFaults.Unavailable(fault);
}
