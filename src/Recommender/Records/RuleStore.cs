using Dapper;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Records;

/// <summary>All versions of the rules; the newest holds.</summary>
public sealed class RuleStore(HistoryStore store)
{
    static readonly SqlText _selectNewest = new(
        Sqlite: """
        -- index: rule_sets_key
        SELECT version AS Version, body AS Body
        FROM rule_sets
        ORDER BY version DESC
        LIMIT 1
        """,
        SqlServer: """
        -- index: rule_sets_key
        SELECT TOP (1) version AS Version, body AS Body
        FROM rule_sets
        ORDER BY version DESC
        """
    );

    const string SelectVersion = """
        -- index: rule_sets_key
        SELECT version AS Version, body AS Body
        FROM rule_sets
        WHERE version = @version
        """;

    const string Insert = """
        INSERT INTO rule_sets (version, created_at, created_by, body)
        VALUES (@version, @createdAt, @createdBy, @body)
        """;

    /// <summary>The rules that hold, with their text; none before the first were set.</summary>
    public (RuleSet Rules, byte[] Body) Newest() =>
        Read(store.Read(connection => connection.QuerySingleOrDefault<Row>(_selectNewest.For(connection))));

    /// <summary>The version that holds; 0 before the first.</summary>
    public long NewestVersion() =>
        store.Read(connection => connection.QuerySingleOrDefault<Row>(_selectNewest.For(connection))?.Version ?? 0);

    /// <summary>The rules of a version; null if there is none.</summary>
    public RuleSet? Find(long version)
    {
        if (version == 0)
            return RuleSet.None;
        return store.Read(connection => connection.QuerySingleOrDefault<Row>(SelectVersion, new { version })) is { } row
            ? Read(row).Item1
            : null;
    }

    /// <summary>The version that holds, as seen within a write; 0 before the first.</summary>
    public static long NewestVersion(WriteScope scope) =>
        scope.Connection.QuerySingleOrDefault<Row>(_selectNewest.For(scope.Connection), transaction: scope.Transaction)?.Version
        ?? 0;

    /// <summary>Adds a version within a write.</summary>
    public static void Add(WriteScope scope, RuleSet rules, string by, byte[] body) =>
        scope.Connection.Execute(
            Insert,
            new
            {
                version = rules.Version,
                createdAt = scope.Stamp,
                createdBy = by,
                body,
            },
            scope.Transaction
        );

    static (RuleSet, byte[]) Read(Row? row) =>
        row is null ? (RuleSet.None, "{\n  \"rules\": []\n}\n"u8.ToArray())
        : RuleSet.Read(row.Body, row.Version, out var faults) is { } rules ? (rules, row.Body)
        : throw new InvalidDataException(
            FormattableString.Invariant($"Rules version {row.Version}, line {faults[0].Line}: {faults[0].Message}")
        );

    sealed class Row
    {
        public long Version { get; init; }
        public byte[] Body { get; init; } = [];
    }
}
