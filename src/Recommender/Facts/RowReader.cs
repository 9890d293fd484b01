using System.Data.Common;
using System.Text.Json;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Rows and keys as the columns of a query hold them.</summary>
static class RowReader
{
    /// <summary>The row whose columns, and attributes after them, stand first in <paramref name="reader"/>.</summary>
    public static HistoryRow ReadRow(FactTable table, DbDataReader reader, Dictionary<string, string[]> names)
    {
        var values = new object?[table.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (reader.IsDBNull(i))
                continue;
            values[i] = table.Columns[i].Kind switch
            {
                ColumnKind.Number => Engines.Number(reader, i),
                ColumnKind.Instant => Engines.Instant(reader, i),
                _ => reader.GetString(i),
            };
        }
        return new(
            table,
            values,
            reader.IsDBNull(values.Length) ? Attributes.None : ReadAttributes(reader.GetString(values.Length), names)
        );
    }

    public static Attributes ReadAttributes(string json, Dictionary<string, string[]> names)
    {
        var pairs = JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!;
        var key = string.Join('\u001f', pairs.Keys);
        if (!names.TryGetValue(key, out var shared))
            names[key] = shared = [.. pairs.Keys];
        return new(shared, [.. pairs.Values]);
    }

    /// <summary>The key at whose columns, first in it, a reader stands.</summary>
    public static string ReadKey(FactTable table, DbDataReader reader)
    {
        string Part(int at) =>
            table.Columns[at].Kind == ColumnKind.Instant ? Instants.Text(Engines.Instant(reader, at)) : reader.GetString(at);
        return table.KeyLength == 1
            ? reader.GetString(0)
            : string.Join('\u001f', Enumerable.Range(0, table.KeyLength).Select(Part));
    }

    public static Dictionary<string, long> Fingerprints(DbConnection connection, DbTransaction transaction, FactTable table)
    {
        var known = new Dictionary<string, long>();
        using var reader = HistoryStore.Query(connection, transaction, table.Statements.Keys);
        while (reader.Read())
            known.Add(ReadKey(table, reader), reader.GetInt64(table.KeyLength));
        return known;
    }
}
