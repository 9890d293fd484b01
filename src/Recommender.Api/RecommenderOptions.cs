using System.ComponentModel.DataAnnotations;
using System.Data.Common;
using Recommender.Facts;

namespace Recommender.Api;

/// <summary>Settings of the service, from appsettings, environment or command line.</summary>
sealed class RecommenderOptions : IValidatableObject
{
    static readonly string[] _fileNames = ["data source", "datasource", "filename"];

    public DatabaseOptions Database { get; init; } = new();

    /// <summary>True if the database is SQL Server; a sandbox always has a file of its own.</summary>
    public bool IsOnServer => Database.Provider == DatabaseProvider.SqlServer && !Sandbox.Enabled;

    public ConnectionStringsOptions ConnectionStrings { get; init; } = new();

    /// <summary>How to reach the database; null if nobody says.</summary>
    public string? ConnectionString =>
        ConnectionStrings.Recommender is { Length: > 0 } text ? text
        : Database.ConnectionString is { Length: > 0 } older ? older
        : null;

    /// <summary>The SQLite file: what the connection string or Database:Path says, else recommender.db.</summary>
    public string DatabaseFile =>
        Database.Provider == DatabaseProvider.Sqlite && FileOf(ConnectionString) is { } file ? file
        : Database.Path is { Length: > 0 } path ? path
        : "recommender.db";

    public ModelsOptions Models { get; init; } = new();

    public DemoOptions Demo { get; init; } = new();

    public SandboxOptions Sandbox { get; init; } = new();

    public AuthOptions Auth { get; init; } = new();

    public LimitsOptions Limits { get; init; } = new();

    public ProtectionOptions Protection { get; init; } = new();

    public JournalOptions Journal { get; init; } = new();

    public WebhookOptions Webhooks { get; init; } = new();

    public IndexOptions Index { get; init; } = new();

    /// <summary>
    /// What amounts of deals are compared in, ISO 4217, unless the live models were trained on exchange rates and say it. Not given: what most
    /// open deals are in.
    /// </summary>
    [StringLength(3, MinimumLength = 3)]
    public string? BaseCurrency { get; init; }

    public ReaderOptions Reader { get; init; } = new();

    public PastOptions Past { get; init; } = new();

    public DrainOptions Drain { get; init; } = new();

    public TelemetryOptions Telemetry { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Database.Provider != DatabaseProvider.Sqlite || Sandbox.Enabled || ConnectionString is not { } text)
            yield break;
        if (FileOf(text) is not { } file)
            yield return new(
                "ConnectionStrings:Recommender is no SQLite file; expected Data Source=FILE and nothing else, or Database:Provider=SqlServer."
            );
        else if (Database.Path is { Length: > 0 } path && Path.GetFullPath(path) != Path.GetFullPath(file))
            yield return new(
                $"ConnectionStrings:Recommender says {file} and Database:Path says {path}; expected one SQLite file: set one of them."
            );
    }

    /// <summary>The file that a connection string of SQLite names; null if it is none.</summary>
    static string? FileOf(string? connectionString)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
            return
                parts.Keys is { Count: 1 } keys
                && keys.Cast<string>().Single() is var name
                && _fileNames.Contains(name, StringComparer.OrdinalIgnoreCase)
                && parts[name] is string { Length: > 0 } file
                ? file
                : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The engines there are.</summary>
    public enum DatabaseProvider
    {
        /// <summary>A file, no server, one process.</summary>
        Sqlite,

        /// <summary>SQL Server 2019 or later, or Azure SQL; several replicas.</summary>
        SqlServer,
    }

    /// <summary>How texts of rows are read where they could be read in more than one way; the map of an import says the same of files.</summary>
    public sealed class ReaderOptions
    {
        readonly Lazy<ReaderSettings> _settings;

        public ReaderOptions() => _settings = new(Make);

        /// <summary>Texts that mean "unknown". Not given: N/A, NULL, none, unknown, - and the like.</summary>
        public IReadOnlyList<string>? Placeholders { get; init; }

        /// <summary>Where clocks stand whose times have no offset, such as Europe/Berlin. The default is UTC.</summary>
        public string TimeZone { get; init; } = "UTC";

        /// <summary>Point or Comma; not given, what can be read in one way only is.</summary>
        public DecimalSign? DecimalSign { get; init; }

        /// <summary>DayFirst or MonthFirst; not given, what can be read in one way only is.</summary>
        public DateOrder? Dates { get; init; }

        /// <summary>What parts the values of a list; a comma only where none of the others stands. The default is |;, (bar, semicolon, comma).</summary>
        public string ListSeparators { get; init; } = "|;,";

        /// <summary>The same, made once.</summary>
        internal ReaderSettings Settings => _settings.Value;

        ReaderSettings Make() =>
            new()
            {
                Placeholders = [.. Placeholders ?? ReaderSettings.UsualPlaceholders],
                Zone = TimeZoneInfo.FindSystemTimeZoneById(TimeZone),
                Sign = DecimalSign,
                Dates = Dates,
                ListSeparators = ListSeparators,
            };
    }

    public sealed class DatabaseOptions
    {
        /// <summary>Sqlite or SqlServer. The default is Sqlite.</summary>
        public DatabaseProvider Provider { get; init; }

        /// <summary>
        /// The same as ConnectionStrings:Recommender, which comes first.
        /// </summary>
        public string? ConnectionString { get; init; }

        /// <summary>After so many seconds without a word from SQL Server the service says that it is not ready; it goes on answering from what it knows. The default is 4.</summary>
        [Range(1, 3600)]
        public int SilentSeconds { get; init; } = 4;

        /// <summary>The SQLite file; created if it is not there. The default is recommender.db.</summary>
        public string? Path { get; init; }

        /// <summary>Answer from the database without ever writing to it; writes are refused with 503.</summary>
        public bool ReadOnly { get; init; }

        /// <summary>How large the SQLite file may grow, megabytes; 0, the default, is as large as the disk allows. Beyond it writes are refused with 507.</summary>
        [Range(0, 1_000_000)]
        public int MaxMegabytes { get; init; }
    }

    public sealed class ConnectionStringsOptions
    {
        /// <summary>
        /// How to reach SQL Server, the database in it; encrypted unless it says Encrypt=false. It belongs in a secret, such as the
        /// environment's ConnectionStrings__Recommender, and is never logged. On SQLite: Data Source=FILE, the same as Database:Path.
        /// </summary>
        public string? Recommender { get; init; }
    }

    public sealed class ModelsOptions
    {
        /// <summary>The folder of model packages. The default is models.</summary>
        [Required]
        public string Path { get; init; } = "models";

        /// <summary>How often the live pointer is looked at, milliseconds. The default is 500.</summary>
        [Range(50, 60_000)]
        public int WatchMilliseconds { get; init; } = 500;
    }

    public sealed class DemoOptions
    {
        /// <summary>Import <see cref="Path"/> into an empty database at start. On in Development.</summary>
        public bool Enabled { get; init; }

        /// <summary>A history folder. The default is data-samples.</summary>
        [Required]
        public string Path { get; init; } = "data-samples";

        /// <summary>Move its dates so that its last day is yesterday: made-up data is not to look neglected. The default is true.</summary>
        public bool ShiftDates { get; init; } = true;
    }

    public sealed class SandboxOptions
    {
        /// <summary>Serve a throw-away database with the sample history and a key that is printed at start; every answer says X-Environment: sandbox.</summary>
        public bool Enabled { get; init; }
    }

    public sealed class AuthOptions
    {
        /// <summary>Let callers without a key in, with all scopes. Only heeded in Development. The default is true there.</summary>
        public bool AllowAnonymous { get; init; } = true;

        /// <summary>Tokens of an identity provider, beside API keys.</summary>
        public JwtOptions Jwt { get; init; } = new();

        /// <summary>Signing in to the pages at an OpenID Connect provider, beside API keys.</summary>
        public OidcOptions Oidc { get; init; } = new();
    }

    public sealed class JwtOptions
    {
        /// <summary>Who makes the tokens, an OpenID Connect issuer; null for API keys only.</summary>
        public string? Issuer { get; init; }

        /// <summary>Who the tokens are for.</summary>
        public string? Audience { get; init; }

        /// <summary>A shared key to check HMAC signatures with, base64; null to take the issuer's published keys.</summary>
        public string? SigningKey { get; init; }
    }

    public sealed class OidcOptions
    {
        /// <summary>The provider; null for API keys only.</summary>
        public string? Authority { get; init; }

        /// <summary>What the provider knows the service as.</summary>
        public string? ClientId { get; init; }

        /// <summary>The secret shared with the provider.</summary>
        public string? ClientSecret { get; init; }

        /// <summary>What everybody who signs in there may do, separated by blanks. The default is recommend.</summary>
        public string Grants { get; init; } = "recommend";
    }

    public sealed class LimitsOptions
    {
        /// <summary>Requests per second of one key in the long run. The default is 500.</summary>
        [Range(1, 1_000_000)]
        public int RequestsPerSecond { get; init; } = 500;

        /// <summary>Requests one key may make at once after a pause. The default is 1,000.</summary>
        [Range(1, 1_000_000)]
        public int Burst { get; init; } = 1000;

        /// <summary>Requests worked on at once; 0, the default, is four for each core.</summary>
        [Range(0, 10_000)]
        public int Concurrency { get; init; }

        /// <summary>Bulk writes worked on at once, as many batches, and as many replays, each beside the others and beside all else. The default is 2.</summary>
        [Range(1, 10_000)]
        public int LaneConcurrency { get; init; } = 2;

        /// <summary>Requests of a kind that may wait for their turn; more are refused with 503. The default is 128.</summary>
        [Range(0, 100_000)]
        public int Queue { get; init; } = 128;

        /// <summary>Writes that may wait for the database; more are refused with 503. The default is 512.</summary>
        [Range(1, 100_000)]
        public int Writes { get; init; } = 512;

        /// <summary>The largest body of a single call, bytes. The default is 256 KiB.</summary>
        [Range(1024, 1 << 30)]
        public int BodyBytes { get; init; } = 256 * 1024;

        /// <summary>The largest body of POST /v1/history and of a batch, bytes. The default is 32 MiB.</summary>
        [Range(1024, 1 << 30)]
        public int BulkBytes { get; init; } = 32 * 1024 * 1024;

        /// <summary>Rows of one POST /v1/history and questions of one batch. The default is 100,000.</summary>
        [Range(1, 10_000_000)]
        public int BulkRows { get; init; } = 100_000;

        /// <summary>After so many seconds a call is given up. The default is 30.</summary>
        [Range(1, 3600)]
        public int TimeoutSeconds { get; init; } = 30;
    }

    public sealed class ProtectionOptions
    {
        /// <summary>
        /// What the protection keys are encrypted with. Needed in Production on SQL Server, where they lie beside what they protect: cookies,
        /// webhook secrets and stored answers.
        /// </summary>
        public CertificateOptions Certificate { get; init; } = new();

        /// <summary>Certificates that were used before: what was encrypted with them can still be read.</summary>
        public IReadOnlyList<CertificateOptions> Previous { get; init; } = [];
    }

    public sealed class CertificateOptions
    {
        /// <summary>A file with an RSA certificate and its key (PKCS #12), or a PEM certificate if <see cref="KeyPath"/> names its key; null for none.</summary>
        public string? Path { get; init; }

        /// <summary>The key of a PEM certificate, such as tls.key of a Kubernetes secret.</summary>
        public string? KeyPath { get; init; }

        /// <summary>The password of the file or key, if it has one.</summary>
        public string? Password { get; init; }
    }

    public sealed class JournalOptions
    {
        /// <summary>For how many days recommendations and events are kept. The default is 400.</summary>
        [Range(1, 36_500)]
        public int RetentionDays { get; init; } = 400;
    }

    public sealed class WebhookOptions
    {
        /// <summary>Allow addresses of private networks and of this machine, and plain http.</summary>
        public bool AllowPrivate { get; init; }

        /// <summary>Attempts before a delivery is given up, each twice as late as the one before. The default is 12.</summary>
        [Range(1, 100)]
        public int Attempts { get; init; } = 12;

        /// <summary>Seconds to the second attempt. The default is 10.</summary>
        [Range(0.01, 3600)]
        public double BackoffSeconds { get; init; } = 10;
    }

    public sealed class IndexOptions
    {
        /// <summary>After so many minutes an open deal is looked at again though nothing happened to it. The default is 60.</summary>
        [Range(1, 10_000)]
        public int RefreshMinutes { get; init; } = 60;

        /// <summary>The share of one core that looking at deals again may take, percent. The default is 25.</summary>
        [Range(1, 100)]
        public int CorePercent { get; init; } = 25;
    }

    public sealed class PastOptions
    {
        /// <summary>How many snapshots of past moments are kept in memory; 0 for none. The default is 16.</summary>
        [Range(0, 1000)]
        public int Snapshots { get; init; } = 16;

        /// <summary>How much memory snapshots of past moments may take, megabytes. The default is 256.</summary>
        [Range(0, 100_000)]
        public int Megabytes { get; init; } = 256;

        /// <summary>The share of one core that questions about the past may take, percent. The default is 50.</summary>
        [Range(1, 100)]
        public int CorePercent { get; init; } = 50;

        /// <summary>Questions about the past that may wait; more are refused with 503, as are those that waited five seconds. The default is 64.</summary>
        [Range(1, 10_000)]
        public int Waiting { get; init; } = 64;
    }

    public sealed class DrainOptions
    {
        /// <summary>Seconds between SIGTERM, when readiness turns off, and the moment when no more calls are taken. The default is 5, in Development 0.</summary>
        [Range(0, 300)]
        public double Seconds { get; init; } = 5;
    }

    public sealed class TelemetryOptions
    {
        /// <summary>Where traces and metrics are sent by OTLP, such as http://collector:4317; null for /metrics only.</summary>
        public string? OtlpEndpoint { get; init; }
    }
}
