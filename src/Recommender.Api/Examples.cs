using System.Text.Json.Nodes;

namespace Recommender.Api;

/// <summary>One example of each call, by operation, against the sample history: what was sent and what was answered. A test sends them all.</summary>
static class Examples
{
    public static JsonObject ByOperation { get; } = Read();

    static JsonObject Read()
    {
        using var stream = typeof(Examples).Assembly.GetManifestResourceStream("Recommender.Api.examples.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }
}
