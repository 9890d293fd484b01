using System.Collections.Concurrent;
using System.Data;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests;

/// <summary>
/// The databases of tests: SQLite files, or databases of their own on the SQL Server that RECOMMENDER_SQLSERVER names, dropped when the
/// tests end. A database is asked for by the path of the file it would be.
/// </summary>
static class TestDatabase
{
    public const string Sqlite = "SQLite";
    public const string SqlServer = "SQL Server";
    const string Variable = "RECOMMENDER_SQLSERVER";
    static readonly string? _server = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;
    static readonly ConcurrentDictionary<string, string> _ofPaths = new(StringComparer.Ordinal);
    static SqlConnection? _master;

    static TestDatabase() => AppDomain.CurrentDomain.ProcessExit += (_, _) => DropAll();

    public static bool HasServer => _server is not null;

    /// <summary>What names the database of an engine; skips the test if there is no such engine here.</summary>
    public static string Of(string engine, string path)
    {
        if (engine == Sqlite)
            return path;
        if (_server is null)
            Assert.Skip(
                $"Needs SQL Server 2019 or later: {Variable} holds no connection string of a login that may create databases."
            );
        return _ofPaths.GetOrAdd(path, Create);
    }

    /// <summary>What names the database where every test uses the one engine there is: SQL Server if the variable is set.</summary>
    public static string Of(string path) => Of(HasServer ? SqlServer : Sqlite, path);

    public static HistoryStore Store(string path) => HistoryStore.Open(Of(path));

    /// <summary>Settings for a test of what only a file can be.</summary>
    public static readonly string[] OnAFile = ["Database:Provider=Sqlite", "Database:ConnectionString="];

    /// <summary>The settings of a service on that database.</summary>
    public static IEnumerable<string> Settings(string path) =>
        HasServer
            ?
            [
                "Database:Provider=SqlServer",
                "Database:ConnectionString=" + Of(path),
                "Database:Path=" + path,
                "Protection:Certificate:Path=" + _certificate.Value,
            ]
            : ["Database:Path=" + path];

    /// <summary>A certificate that is good today.</summary>
    public static X509Certificate2 SelfSigned(RSA rsa) =>
        new CertificateRequest("CN=recommender", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );

    // In production a service starts on SQL Server with a certificate only.
    static readonly Lazy<string> _certificate = new(() =>
    {
        using var rsa = RSA.Create(2048);
        using var certificate = SelfSigned(rsa);
        var path = Path.Combine(Path.GetTempPath(), $"recommender-{Guid.NewGuid():N}.pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        return path;
    });

    static string Create(string path)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..16];
        var name = string.Create(CultureInfo.InvariantCulture, $"recommender_test_{Environment.ProcessId}_{hash}");
        foreach (
            var statement in (string[])
                [
                    $"CREATE DATABASE {name}",
                    $"ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON",
                    $"ALTER DATABASE {name} SET ALLOW_SNAPSHOT_ISOLATION ON",
                ]
        )
            Administer(statement);
        return new SqlConnectionStringBuilder(_server) { InitialCatalog = name }.ConnectionString;
    }

    static void DropAll()
    {
        foreach (var path in _ofPaths.Keys)
            TryDrop(path, fault => Console.Error.WriteLine($"Left on the server: {fault.Message}"));
    }

    /// <summary>Drops the databases in place of files of a folder.</summary>
    public static void DropIn(string folder)
    {
        foreach (var path in _ofPaths.Keys.Where(path => path.StartsWith(folder, StringComparison.Ordinal)))
            // What somebody still uses goes at the end of the process.
            TryDrop(path, _ => { });
    }

    static void TryDrop(string path, Action<SqlException> failed)
    {
        SqlConnection.ClearAllPools();
        var name = new SqlConnectionStringBuilder(_ofPaths[path]).InitialCatalog;
        try
        {
            Administer($"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE {name}");
            _ofPaths.TryRemove(path, out _);
        }
        catch (SqlException e)
        {
            failed(e);
        }
    }

    /// <summary>Executes a statement on one connection for all tests: each that is made costs some servers half a second.</summary>
    static void Administer(string statement)
    {
        lock (_ofPaths)
        {
            try
            {
                Opened().Execute(statement);
            }
            catch (SqlException) when (_master is { State: not ConnectionState.Open })
            {
                // The server ended meanwhile, and is there again.
                Opened().Execute(statement);
            }
        }

        static SqlConnection Opened()
        {
            if (_master is { State: ConnectionState.Open })
                return _master;
            _master?.Dispose();
            _master = new(
                new SqlConnectionStringBuilder(_server) { InitialCatalog = "master", Pooling = false }.ConnectionString
            );
            _master.Open();
            return _master;
        }
    }
}
