using System.Data.Common;
using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Records;

/// <summary>An answer that was given to a request with an idempotency key.</summary>
/// <param name="RequestHash">SHA-256 of method, path and body, hex.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Body">As it was sent.</param>
public sealed record StoredAnswer(string RequestHash, int Status, string? ContentType, byte[] Body);

/// <summary>Answers by caller and idempotency key, kept for a day.</summary>
public sealed class IdempotencyKeys(HistoryStore store)
{
    const string Select = """
        -- index: idempotency_keys_key
        SELECT request_hash AS RequestHash, status AS Status, content_type AS ContentType, body AS Body
        FROM idempotency_keys
        WHERE caller = @caller AND idempotency_key = @key AND created_at >= @since
        """;

    static readonly SqlText _replace = new(
        Sqlite: """
        INSERT INTO idempotency_keys (caller, idempotency_key, request_hash, status, content_type, body, created_at)
        VALUES (@caller, @key, @requestHash, @status, @contentType, @body, @createdAt)
        ON CONFLICT (caller, idempotency_key) DO UPDATE
        SET request_hash = excluded.request_hash, status = excluded.status, content_type = excluded.content_type, body = excluded.body, created_at = excluded.created_at
        """,
        SqlServer: """
        -- index: idempotency_keys_key
        UPDATE idempotency_keys
        SET request_hash = @requestHash, status = @status, content_type = @contentType, body = @body, created_at = @createdAt
        WHERE caller = @caller AND idempotency_key = @key;
        INSERT INTO idempotency_keys (caller, idempotency_key, request_hash, status, content_type, body, created_at)
        SELECT @caller, @key, @requestHash, @status, @contentType, @body, @createdAt
        WHERE NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE caller = @caller AND idempotency_key = @key);
        """
    );

    const string DeleteBefore = """
        -- index: idempotency_keys_by_created_at
        DELETE FROM idempotency_keys
        WHERE created_at < @before
        """;

    /// <summary>The answer given since then; null if none was.</summary>
    public StoredAnswer? Find(string caller, string key, DateTime since) =>
        store.Read(connection => Find(connection, null, caller, key, since));

    /// <summary>The answer given since then, as seen within a write; null if none was.</summary>
    public static StoredAnswer? Find(WriteScope scope, string caller, string key, DateTime since) =>
        Find(scope.Connection, scope.Transaction, caller, key, since);

    static StoredAnswer? Find(DbConnection connection, DbTransaction? transaction, string caller, string key, DateTime since) =>
        connection.QuerySingleOrDefault<Row>(
            Select,
            new
            {
                caller,
                key,
                since,
            },
            transaction
        )
            is { } row
            ? new(row.RequestHash, row.Status, row.ContentType, row.Body)
            : null;

    /// <summary>Keeps an answer within the write that it answers: both are there, or neither.</summary>
    public static void Keep(WriteScope scope, string caller, string key, StoredAnswer answer) =>
        scope.Statements.Run(
            _replace,
            ("@caller", caller),
            ("@key", key),
            ("@requestHash", answer.RequestHash),
            ("@status", answer.Status),
            ("@contentType", answer.ContentType),
            ("@body", answer.Body),
            ("@createdAt", scope.Stamp)
        );

    /// <summary>Forgets what is older.</summary>
    public static int Purge(WriteScope scope, DateTime before) =>
        scope.Connection.Execute(DeleteBefore, new { before = before }, scope.Transaction);

    sealed class Row
    {
        public string RequestHash { get; init; } = "";
        public int Status { get; init; }
        public string? ContentType { get; init; }
        public byte[] Body { get; init; } = [];
    }
}
