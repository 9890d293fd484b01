using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Artifacts;

namespace Recommender.Api;

/// <summary>A model package.</summary>
sealed record ModelResponse(
    string Model,
    string Version,
    bool Live,
    DateTime TrainedAsOf,
    int Features,
    bool GatePassed,
    string GateReason,
    JsonElement Metrics
);

/// <summary>The packages in the registry.</summary>
sealed record ModelsResponse(IReadOnlyList<ModelResponse> Items);

static class ModelsApi
{
    public static void MapModels(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/models", List).WithName("ListModels").WithSummary("All model packages, the live ones marked");

    static Ok<ModelsResponse> List(LiveRanker live) =>
        TypedResults.Ok(new ModelsResponse([.. live.Registry.List().Select(manifest => Response(manifest, live.Registry))]));

    static ModelResponse Response(ModelManifest manifest, ModelRegistry registry) =>
        new(
            manifest.Model,
            manifest.Version,
            registry.Live(manifest.Model) == manifest.Version,
            manifest.Training.AsOf,
            manifest.Features.Count,
            manifest.Gate.Promote,
            manifest.Gate.Reason,
            manifest.Metrics
        );
}
