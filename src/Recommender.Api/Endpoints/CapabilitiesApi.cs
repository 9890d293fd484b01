using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Capabilities;

namespace Recommender.Api.Endpoints;

/// <summary>What capabilities answer from the fold, each at the address that it declares.</summary>
static class CapabilitiesApi
{
    static readonly JsonSerializerOptions _json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static void MapCapabilities(this IEndpointRouteBuilder routes)
    {
        foreach (var question in CapabilityList.All.SelectMany(capability => capability.Questions))
            routes
                .MapGet(question.Path, (HttpContext http, LiveRecommender live) => Answer(question, http, live))
                .RequireAuthorization(question.Scope)
                .WithTags("Recommendations")
                .WithName(question.Name)
                .WithSummary(question.Summary)
                .WithMetadata(question);
    }

    /// <summary>An answer as the service writes it.</summary>
    public static JsonElement Json(object answer) => JsonSerializer.SerializeToElement(answer, answer.GetType(), _json);

    static Results<Json<JsonElement>, NotFound, Unavailable> Answer(Question question, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var given = http.Request.RouteValues.ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? "");
        var answer = live.Read(
            (state, asOf) => question.Answer(state, asOf, given) is { } found ? Json(found) : (JsonElement?)null
        );
        return answer is { } json
            ? new Json<JsonElement>(JsonSerializer.SerializeToUtf8Bytes(json, ApiJson.Default.JsonElement))
            : Problems.NotFound("Nothing is known of what is asked about.");
    }
}
