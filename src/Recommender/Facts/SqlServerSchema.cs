using System.Data.Common;
using Dapper;
using DbUp;
using DbUp.Engine.Output;

namespace Recommender.Facts;

/// <summary>Whether a database on SQL Server is as we need it, and its schema.</summary>
/// <param name="connect">Opens a connection.</param>
/// <param name="connectionString">How that connects.</param>
/// <param name="name">The database, for a person.</param>
sealed class SqlServerSchema(Func<DbConnection> connect, string connectionString, string name)
{
    const int OldestMajorVersion = 15;

    const string LockSchema = """
        DECLARE @result int;
        EXEC @result = sp_getapplock @Resource = N'recommender.schema', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 120000;
        SELECT @result;
        """;

    const string SelectServer = """
        SELECT CONVERT(int, SERVERPROPERTY('ProductMajorVersion')), CONVERT(int, SERVERPROPERTY('EngineEdition')), is_read_committed_snapshot_on, snapshot_isolation_state
        FROM sys.databases
        WHERE name = DB_NAME()
        """;

    public void CheckServer()
    {
        using var connection = connect();
        using var row = HistoryStore.Query(connection, null, SelectServer);
        if (!row.Read())
            throw new InvalidDataException($"{name}: the login cannot see its own database in sys.databases.");
        var (major, edition) = (row.GetInt32(0), row.GetInt32(1));
        // 5 and 8 are Azure SQL, whose versions count otherwise.
        if (edition is not (5 or 8) && major < OldestMajorVersion)
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{name}: the server's version is {major}; expected {OldestMajorVersion} (SQL Server 2019) or later."
                )
            );
        if (!row.GetBoolean(2) || row.GetByte(3) != 1)
            throw new InvalidDataException(
                $"{name}: read-committed snapshot or snapshot isolation is off; expected both on: ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON; ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON."
            );
    }

    public void Upgrade(bool isReadOnly)
    {
        var upgrade = DeployChanges
            .To.SqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssemblies(
                [.. FactTables.Assemblies],
                name => name.Contains(".SqlServer.", StringComparison.Ordinal)
            )
            .WithScriptNameComparer(new ScriptOrder())
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .JournalToSqlTable("dbo", "schema_versions")
            .LogTo(new NoOpUpgradeLog())
            .Build();
        if (!upgrade.IsUpgradeRequired())
            return;
        if (isReadOnly)
            throw new InvalidDataException(
                $"{name}: the schema is not up to date; expected an instance that may write to have upgraded it."
            );
        // Who waited finds nothing left to do. The lock goes with the transaction, however that ends: one of the session would live on in the pool.
        using var connection = connect();
        using var held = connection.BeginTransaction();
        if (connection.ExecuteScalar<int>(LockSchema, transaction: held, commandTimeout: 150) < 0)
            throw new InvalidDataException(
                $"{name}: another instance has been upgrading the schema for two minutes; try again when it is done."
            );
        var result = upgrade.PerformUpgrade();
        if (!result.Successful)
            throw new InvalidDataException(
                $"{name}: the schema was not upgraded, {result.ErrorScript?.Name ?? "a script"} failed: {SqlServerFaults.Reason(result.Error)} The login needs the role that docs/operating.md calls recommender_upgrade.",
                result.Error
            );
    }
}
