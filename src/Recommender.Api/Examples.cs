using System.Text.Json.Nodes;
using Recommender.Capabilities;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api;

/// <summary>One example of each call, by operation, against the sample history: what was sent and what was answered. A test sends them all.</summary>
static class Examples
{
    public static JsonObject ByOperation { get; } = Read();

    /// <summary>The example of an operation; of a table that has none of its own, one made from its columns. Null if there is none.</summary>
    public static JsonNode? Of(string operation)
    {
        if (ByOperation[operation] is { } own)
            return own;
        foreach (var question in CapabilityList.All.SelectMany(capability => capability.Questions))
        {
            if (question.Name == operation)
                return new JsonObject { ["answer"] = JsonNode.Parse(CapabilitiesApi.Json(question.Example).GetRawText()) };
        }
        foreach (var table in FactTables.All.Where(table => table.Route is not null))
        {
            var name = RowsApi.Pascal(table.Route!);
            if (operation == "Delete" + name)
                return new JsonObject
                {
                    ["answer"] = new JsonObject { ["id"] = "X9", ["result"] = "deleted" },
                };
            if (operation == "Put" + name)
                return new JsonObject
                {
                    ["body"] = RowOf(table),
                    ["answer"] = new JsonObject { ["id"] = "X9", ["result"] = "inserted" },
                };
            if (operation == "Get" + name)
                return new JsonObject { ["answer"] = RowOf(table) };
        }
        return null;
    }

    static JsonObject RowOf(FactTable table)
    {
        var row = new JsonObject();
        foreach (var column in table.Columns.Skip(table.KeyLength).Where(column => column.Required))
            row[column.Name] =
                column.Kind == ColumnKind.Number ? 1
                : column.Kind == ColumnKind.Instant ? "2026-06-04T09:30:00.000Z"
                : column.References switch
                {
                    "accounts" => "A000007",
                    "partners" => "P00001",
                    "opportunities" => "O0000002",
                    _ => column.OneOf?[0] ?? column.Name,
                };
        return row;
    }

    static JsonObject Read()
    {
        using var stream = typeof(Examples).Assembly.GetManifestResourceStream("Recommender.Api.examples.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }
}
