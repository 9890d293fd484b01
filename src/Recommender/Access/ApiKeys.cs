using System.Security.Cryptography;
using System.Text;
using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Access;

/// <summary>A key that lets a program call the service. The key itself is shown once and not kept.</summary>
/// <param name="KeyId">What it is called in logs.</param>
/// <param name="Name">What a person calls it.</param>
/// <param name="Hash">SHA-256 of the key, hex.</param>
/// <param name="Scopes">What it may do: recommend, ingest, admin.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="RevokedAt">From then on it opens nothing; null if it is good.</param>
/// <param name="LastUsedAt">To the minute; null if it never was.</param>
public sealed record ApiKey(
    string KeyId,
    string Name,
    string Hash,
    IReadOnlyList<string> Scopes,
    DateTime CreatedAt,
    DateTime? RevokedAt,
    DateTime? LastUsedAt
);

/// <summary>API keys in the database.</summary>
public sealed class ApiKeys(HistoryStore store)
{
    const string Select = """
        -- index: api_keys_key
        SELECT key_id AS KeyId, name AS Name, hash AS Hash, scopes AS Scopes, created_at AS CreatedAt, revoked_at AS RevokedAt, last_used_at AS LastUsedAt
        FROM api_keys
        ORDER BY created_at, key_id
        """;

    const string Insert = """
        INSERT INTO api_keys (key_id, name, hash, scopes, created_at)
        VALUES (@keyId, @name, @hash, @scopes, @createdAt)
        """;

    const string Withdraw = """
        -- index: api_keys_key
        UPDATE api_keys
        SET revoked_at = @at
        WHERE key_id = @keyId AND revoked_at IS NULL
        """;

    const string Use = """
        -- index: api_keys_key
        UPDATE api_keys
        SET last_used_at = @at
        WHERE key_id = @keyId AND (last_used_at IS NULL OR last_used_at < @at)
        """;

    /// <summary>All scopes there are.</summary>
    public static IReadOnlyList<string> AllScopes { get; } = ["recommend", "ingest", "admin"];

    /// <summary>All keys, the revoked ones too.</summary>
    public IReadOnlyList<ApiKey> List() =>
        store.Read<IReadOnlyList<ApiKey>>(connection =>
            [
                .. connection
                    .Query<Row>(Select)
                    .Select(row => new ApiKey(
                        row.KeyId,
                        row.Name,
                        row.Hash,
                        row.Scopes.Split(' '),
                        row.CreatedAt,
                        row.RevokedAt,
                        row.LastUsedAt
                    )),
            ]
        );

    /// <summary>Makes a key; returns it and the secret that is shown this once.</summary>
    /// <exception cref="InvalidDataException">A scope is not one of <see cref="AllScopes"/>, or the name is empty.</exception>
    public (ApiKey Key, string Secret) Create(string name, IReadOnlyList<string> scopes, DateTime at)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > 100)
            throw new InvalidDataException("The name is empty or longer than 100 characters.");
        if (scopes.Count == 0 || scopes.FirstOrDefault(scope => !AllScopes.Contains(scope)) is not null)
            throw new InvalidDataException(
                $"The scopes are '{string.Join(' ', scopes)}'; expected one or more of {string.Join(", ", AllScopes)}."
            );
        var keyId = "key_" + RandomNumberGenerator.GetHexString(12, lowercase: true);
        var secret = "rk_" + RandomNumberGenerator.GetHexString(48, lowercase: true);
        var key = new ApiKey(keyId, name, HashOf(secret), scopes, at, null, null);
        using var connection = store.Connect();
        connection.Execute(
            Insert,
            new
            {
                keyId,
                name,
                hash = key.Hash,
                scopes = string.Join(' ', scopes),
                createdAt = at,
            }
        );
        return (key, secret);
    }

    /// <summary>Makes a key worthless; false if there is none that is good.</summary>
    public bool Revoke(string keyId, DateTime at)
    {
        using var connection = store.Connect();
        return connection.Execute(Withdraw, new { keyId, at = at }) > 0;
    }

    /// <summary>Notes within a write that a key was used.</summary>
    public static void Used(WriteScope scope, string keyId, DateTime at) =>
        scope.Connection.Execute(Use, new { keyId, at = at }, scope.Transaction);

    /// <summary>SHA-256 of a secret, hex. The secret holds 192 random bits, so that neither salt nor stretching adds anything.</summary>
    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    sealed class Row
    {
        public string KeyId { get; init; } = "";
        public string Name { get; init; } = "";
        public string Hash { get; init; } = "";
        public string Scopes { get; init; } = "";
        public DateTime CreatedAt { get; init; }
        public DateTime? RevokedAt { get; init; }
        public DateTime? LastUsedAt { get; init; }
    }
}
