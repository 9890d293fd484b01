using Dapper;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Access;

/// <summary>What cookies, forms and webhook secrets are protected with, in a database that replicas share.</summary>
public sealed class ProtectionKeys(HistoryStore store)
{
    const string Select = """
        -- index: protection_keys_key
        SELECT body
        FROM protection_keys
        ORDER BY name
        """;

    const string Insert = """
        INSERT INTO protection_keys (name, body)
        VALUES (@name, @body)
        """;

    /// <summary>All keys, as they were handed in.</summary>
    public IReadOnlyList<string> All() => store.Read(connection => connection.Query<string>(Select).AsList());

    /// <summary>Keeps one.</summary>
    public void Add(string name, string body)
    {
        using var connection = store.Connect();
        connection.Execute(Insert, new { name, body });
    }
}
