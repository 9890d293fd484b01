using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Records;

namespace Recommender.Api.Endpoints;

/// <summary>A recommendation computed again.</summary>
sealed record ReplayResponse(string RecommendationId, string Match, string? Reason, JsonElement Stored, JsonElement? Replayed);

/// <summary>What was said before: the journal, and the same computed again.</summary>
static class RecommendationsApi
{
    public static void MapRecommendations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/recommendations").RequireAuthorization("recommend").WithTags("Recommendations");
        group.MapGet("/{id}", Find).WithName("GetRecommendation");
        group
            .MapGet("/{id}/replay", ReplayAsync)
            .WithName("ReplayRecommendation")
            .WithRequestTimeout("bulk")
            .WithMetadata(new InLane(Lane.Past));
    }

    /// <summary>What was said then</summary>
    public static Results<Json<PartnerRecommendationsResponse>, NotFound, Unavailable> Find(
        string id,
        LiveRecommender live,
        HttpContext http
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        return live.Journal.Find(id) is { } entry
            ? new Json<PartnerRecommendationsResponse>(entry.Response.Unpack())
            : Problems.NoRecommendation();
    }

    /// <summary>The same computed again from the stored moment, models and rules: match is exact, or differs with the reason</summary>
    public static async Task<Results<Json<ReplayResponse>, NotFound, Unavailable>> ReplayAsync(
        string id,
        LiveRecommender live,
        HttpContext http
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Journal.Find(id) is not { } entry)
            return Problems.NoRecommendation();
        var answer = entry.Response.Unpack();
        var stored = JsonElement.Parse(answer);
        var (replayed, reason) = await AgainAsync(entry, stored, live, http);
        var match = replayed is not null && replayed.AsSpan().SequenceEqual(answer) ? "exact" : "differs";
        if (match == "differs")
            reason ??=
                entry.Epoch != live.Epoch
                    ? "A history was imported since."
                    : "The answer is another one: the package or the code was changed.";
        return new Json<ReplayResponse>(
            JsonSerializer.SerializeToUtf8Bytes(
                new ReplayResponse(
                    id,
                    match,
                    match == "exact" ? null : reason,
                    stored,
                    replayed is null ? null : JsonElement.Parse(replayed)
                ),
                ApiJson.Default.ReplayResponse
            )
        );
    }

    static async Task<(byte[]? Answer, string? Reason)> AgainAsync(
        JournalEntry entry,
        JsonElement stored,
        LiveRecommender live,
        HttpContext http
    )
    {
        var request = JsonSerializer.Deserialize(entry.Request, ApiJson.Default.PartnerRecommendationsRequest)!;
        if (live.RuleStore.Find(entry.RulesVersion) is not { } rules)
            return (null, FormattableString.Invariant($"Rules version {entry.RulesVersion} is not kept any more."));
        var versions = stored
            .GetProperty("model_versions")
            .EnumerateObject()
            .ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
        try
        {
            var again = await live.Past.RankAsync(
                request.Question(entry.AsOf),
                entry.MadeAt,
                rules,
                versions,
                http.RequestAborted
            );
            return again is null
                ? (null, "The account is not known any more.")
                : (
                    JsonSerializer.SerializeToUtf8Bytes(
                        PartnerRecommendationsResponse.Of(entry.RecommendationId, again),
                        ApiJson.Default.PartnerRecommendationsResponse
                    ),
                    null
                );
        }
        catch (InvalidDataException)
        {
            return (null, "A model version it was made with is not in the registry any more.");
        }
        catch (TimeoutException)
        {
            return (null, "Too many questions about the past are being answered; ask again.");
        }
    }
}
