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
    const int OldestMajorVersion = 15;
    const int TooLongWaited = 1222;
    const int Deadlock = 1205;

    // The transaction that holds it is the only one that writes facts.
    const string Lock = """
        -- index: change_clock_key
        SET LOCK_TIMEOUT 5000;
        SELECT clock_id
        FROM change_clock WITH (UPDLOCK, ROWLOCK)
        WHERE clock_id = 1;
        """;

    // No row if somebody writes. The moment is read before the lock is had: who writes after it gives later moments.
    const string Peek = """
        -- index: change_clock_key
        SELECT SYSUTCDATETIME()
        FROM change_clock WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
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
        SET writes = writes + 1, stamp = @stamp
        OUTPUT inserted.writes, CONVERT(bigint, inserted.change_version)
        WHERE clock_id = 1
        """;

    /// <summary>@live is the same for a whole stream: with its value in the plan, rows come in the order of the index, unsorted.</summary>
    internal const string Recompile = "\nOPTION (RECOMPILE)";

    const string LockSchema = """
        DECLARE @result int;
        EXEC @result = sp_getapplock @Resource = N'recommender.schema', @LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 120000;
        SELECT @result;
        """;

    const string SelectServer = """
        SELECT CONVERT(int, SERVERPROPERTY('ProductMajorVersion')), CONVERT(int, SERVERPROPERTY('EngineEdition')), is_read_committed_snapshot_on, snapshot_isolation_state
        FROM sys.databases
        WHERE name = DB_NAME()
        """;

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
            using var connection = Connect();
            CheckServer(connection);
            Upgrade(connection, isReadOnly);
        }
        catch (Exception e) when (Unavailable(e) is { } unavailable)
        {
            throw new IOException($"SQL Server database {_name} cannot be opened: {Reason(e)}", unavailable);
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

    void CheckServer(DbConnection connection)
    {
        using var row = Query(connection, null, SelectServer);
        if (!row.Read())
            throw new InvalidDataException($"{_name}: the login cannot see its own database in sys.databases.");
        var (major, edition) = (row.GetInt32(0), row.GetInt32(1));
        // 5 and 8 are Azure SQL, whose versions count otherwise.
        if (edition is not (5 or 8) && major < OldestMajorVersion)
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{_name}: the server's version is {major}; expected {OldestMajorVersion} (SQL Server 2019) or later."
                )
            );
        if (!row.GetBoolean(2) || row.GetByte(3) != 1)
            throw new InvalidDataException(
                $"{_name}: read-committed snapshot or snapshot isolation is off; expected both on: ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON; ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON."
            );
    }

    void Upgrade(DbConnection connection, bool isReadOnly)
    {
        var upgrade = DeployChanges
            .To.SqlDatabase(_connection)
            .WithScriptsEmbeddedInAssemblies(
                [.. FactTables.Assemblies],
                name => name.Contains(".SqlServer.", StringComparison.Ordinal)
            )
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .JournalToSqlTable("dbo", "schema_versions")
            .LogTo(new NoOpUpgradeLog())
            .Build();
        if (!upgrade.IsUpgradeRequired())
            return;
        if (isReadOnly)
            throw new InvalidDataException(
                $"{_name}: the schema is not up to date; expected an instance that may write to have upgraded it."
            );
        // Held until the connection closes. Who waited finds nothing left to do.
        if (connection.ExecuteScalar<int>(LockSchema, commandTimeout: 150) < 0)
            throw new InvalidDataException(
                $"{_name}: another instance has been upgrading the schema for two minutes; try again when it is done."
            );
        var result = upgrade.PerformUpgrade();
        if (!result.Successful)
            throw new InvalidDataException(
                $"{_name}: the schema was not upgraded, {result.ErrorScript?.Name ?? "a script"} failed: {Reason(result.Error)} The login needs the role that docs/operating.md calls recommender_upgrade.",
                result.Error
            );
    }

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override DbConnection Connect() => Retry<DbConnection>(Open);

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
        catch
        {
            connection.Dispose();
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
    public override HistorySnapshot OpenSnapshot() => new Snapshot(this);

    internal override RowSink OpenSink(DbConnection connection, DbTransaction transaction, FactTable table) =>
        new Sink((SqlConnection)connection, (SqlTransaction)transaction, table);

    /// <inheritdoc/>
    public override (ChangePosition Now, List<DatedFact> Facts) ReadChanges(
        DbConnection connection,
        DbTransaction? exclusive,
        ChangePosition since
    )
    {
        if (exclusive is not null)
            return ReadChanges(connection, exclusive, since, null);
        var peeked = connection.ExecuteScalar(Peek) is DateTime moment ? moment : since.KnownBefore;
        using var snapshot = connection.BeginTransaction(IsolationLevel.Snapshot);
        var changes = ReadChanges(connection, snapshot, since, peeked);
        snapshot.Commit();
        return changes;
    }

    static (ChangePosition, List<DatedFact>) ReadChanges(
        DbConnection connection,
        DbTransaction transaction,
        ChangePosition since,
        DateTime? moment
    )
    {
        var now = PositionOf(connection, transaction, moment);
        if (now.KnownBefore < since.KnownBefore)
            now = now with { KnownBefore = since.KnownBefore };
        var facts = new List<DatedFact>();
        if (now.Epoch != since.Epoch || now.Writes == since.Writes)
            return (now, facts);
        var names = new Dictionary<string, string[]>();
        using (var reader = Query(connection, transaction, SelectSupersededSince, ("@since", since.Version)))
        {
            while (reader.Read())
                facts.AddRange(FactVersions.Since(SupersededFact(reader, names), since.KnownBefore));
        }
        foreach (var table in FactTables.OfFacts)
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
    /// <param name="moment">Before which nothing unknown is dated; null for now, where the lock is held.</param>
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
    public override ChangePosition Changed(DbTransaction exclusive, ChangePosition before, DateTime stamp)
    {
        using var row = Query(exclusive.Connection!, exclusive, NoteChange, ("@stamp", stamp));
        row.Read();
        return before with { Writes = row.GetInt64(0), Version = row.GetInt64(1), KnownBefore = stamp.AddMilliseconds(1) };
    }

    /// <inheritdoc/>
    public override StoreUnavailableException? Unavailable(Exception fault) =>
        fault switch
        {
            StoreUnavailableException known => known,
            AggregateException { InnerExceptions: [.., var last] } => Unavailable(last),
            SqlException { Number: 1101 or 1105 or 9002 } full => new(StoreFault.Full, full),
            SqlException { Number: 3906 or 3908 or 229 or 262 or 916 } readOnly => new(StoreFault.ReadOnly, readOnly),
            SqlException { Number: TooLongWaited or Deadlock or 3960 } busy => new(StoreFault.Busy, busy),
            SqlException gone when IsGone(gone) => new(StoreFault.Broken, gone),
            InvalidOperationException { Source: "Microsoft.Data.SqlClient" } pool => new(StoreFault.Broken, pool),
            { InnerException: { } inner } => Unavailable(inner),
            _ => null,
        };

    /// <summary>True if the server, not the statement, is why: cannot be reached, refuses the login, shuts down, was too slow, has no room for the session.</summary>
    static bool IsGone(SqlException fault) =>
        fault.Class >= 20
        || fault.Number
            is -2
                or -1
                or 0
                or 2
                or 20
                or 53
                or 64
                or 121
                or 233
                or 258
                or 701
                or 921
                or 922
                or 927
                or 942
                or 945
                or 976
                or 983
                or 4060
                or 4064
                or 6005
                or 10053
                or 10054
                or 10060
                or 10061
                or 10922
                or 10928
                or 10929
                or 11001
                or 17142
                or 18401
                or 18451
                or 18452
                or 18456
                or 40197
                or 40501
                or 40613
                or 49918
                or 49919
                or 49920;

    /// <summary>The first line of what the driver says; it holds no password.</summary>
    static string Reason(Exception? fault) =>
        fault is AggregateException { InnerExceptions: [.., var last] } ? Reason(last)
        : fault is StoreUnavailableException ? Reason(fault.InnerException)
        : fault is null ? "no reason was given."
        : fault.Message.Split('\n')[0].Trim();

    /// <summary>A connection for each stream, all opened while nobody can write.</summary>
    sealed class Snapshot : HistorySnapshot
    {
        readonly SqlServerHistoryStore _store;
        readonly List<(DbConnection Connection, DbTransaction Transaction)> _streams = [];
        (DbConnection Connection, DbTransaction Transaction)? _lock;

        public Snapshot(SqlServerHistoryStore store)
        {
            _store = store;
            var connection = store.Connect();
            try
            {
                _lock = (connection, store.BeginExclusive(connection));
                Position = PositionOf(connection, _lock.Value.Transaction, null);
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
                var command = Command(connection, transaction, sql + Recompile, values);
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

    /// <summary>Rows go to a staging table by bulk copy, and from there into the table as one set.</summary>
    sealed class Sink : RowSink
    {
        const int RowsOfBatch = 10_000;
        readonly SqlConnection _connection;
        readonly SqlTransaction _transaction;
        readonly TableStatements _statements;
        readonly SqlBulkCopy _copy;
        readonly DataTable _batch;
        long _staged;

        public Sink(SqlConnection connection, SqlTransaction transaction, FactTable table)
        {
            (_connection, _transaction) = (connection, transaction);
            _statements = table.Statements;
            connection.Execute(_statements.Stage, transaction: transaction);
            _copy = new(connection, SqlBulkCopyOptions.TableLock, transaction)
            {
                DestinationTableName = "#staged_" + table.Name,
                BulkCopyTimeout = 0,
            };
            _batch = new() { Locale = System.Globalization.CultureInfo.InvariantCulture };
            foreach (var name in RowCommand.Names(table))
            {
                _batch.Columns.Add(
                    name,
                    RowCommand.KindOf(table, name) switch
                    {
                        ColumnKind.Number => typeof(decimal),
                        ColumnKind.Instant => typeof(DateTimeOffset),
                        ColumnKind.Text => typeof(string),
                        _ => name == "is_change" ? typeof(bool) : typeof(long),
                    }
                );
                _copy.ColumnMappings.Add(name, name);
            }
        }

        public override void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange)
        {
            _batch.Rows.Add([
                .. RowCommand.Values(row, facts, isChange, row.AttributesAsJson(), fingerprint).Select(Engines.ForBulkCopy),
            ]);
            _staged++;
            if (_batch.Rows.Count >= RowsOfBatch)
                Copy();
        }

        void Copy()
        {
            _copy.WriteToServer(_batch);
            _batch.Clear();
        }

        public override void Finish()
        {
            if (_batch.Rows.Count > 0)
                Copy();
            if (_staged > 0)
                _connection.Execute(_statements.Merge, transaction: _transaction, commandTimeout: 0);
        }

        public override void Dispose()
        {
            ((IDisposable)_copy).Dispose();
            _batch.Dispose();
        }
    }
}
