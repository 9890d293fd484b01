using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Models;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

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

/// <summary>Which version to make live.</summary>
sealed record ModelChangeRequest(string Version);

/// <summary>What is live now.</summary>
sealed record ModelChangeResponse(string Model, string Version, string? PreviousVersion);

static class ModelsApi
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", List).RequireAuthorization("recommend").WithTags("Models").WithName("ListModels");
        var group = routes.MapGroup("/v1/models/{model}").RequireAuthorization("admin").WithTags("Models");
        group.MapPost("/promote", PromoteAsync).WithName("PromoteModel").Accepts<ModelChangeRequest>("application/json");
        group.MapPost("/rollback", RollbackAsync).WithName("RollBackModel");
    }

    /// <summary>All model packages; live says which answer now</summary>
    public static Results<Ok<ModelsResponse>, Unavailable> List(HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var versions = live.Versions;
        return TypedResults.Ok(new ModelsResponse([.. live.Registry.List().Select(manifest => Response(manifest, versions))]));
    }

    /// <summary>Makes a version live, after its checks; every answer comes from one version of each model</summary>
    public static async Task<
        Results<Results<WriteOutcome<Ok<ModelChangeResponse>>, NotFound, Unavailable>, BadBody, Invalid>
    > PromoteAsync(
        string model,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.ModelChangeRequest
        );
        if (request is null)
            return problem!;
        if (
            request.Version is not { Length: > 0 and <= 100 }
            || request.Version.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-')
        )
            return Problems.Invalid("/version", "Expected a version such as 2026-07-01-c030239f.");
        return await ChangeAsync(model, request.Version, bytes, http, live, writes, dry_run);
    }

    /// <summary>Goes back to the version that was live before</summary>
    public static Task<Results<WriteOutcome<Ok<ModelChangeResponse>>, NotFound, Unavailable>> RollbackAsync(
        string model,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        bool dry_run = false
    ) => ChangeAsync(model, null, [], http, live, writes, dry_run);

    public static async Task<Results<WriteOutcome<Ok<ModelChangeResponse>>, NotFound, Unavailable>> ChangeAsync(
        string model,
        string? version,
        byte[] bytes,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        bool dryRun
    )
    {
        if (!ModelRegistry.Models.Contains(model))
            return Problems.NotFound($"No such model; expected one of {string.Join(", ", ModelRegistry.Models)}.");
        if (!live.IsReady)
            return Problems.NotReady(http);
        var before = live.Versions.GetValueOrDefault(model);
        string? now = null;
        if (version is not null && !live.Registry.Has(model, version))
            return Problems.NotFound("No such version.");
        return await writes.RunAsync<Ok<ModelChangeResponse>>(
            http,
            bytes,
            needsKey: true,
            dryRun,
            scope =>
            {
                if (!dryRun)
                    live.Events.Append(
                        scope,
                        Event.OfModel(version is null ? "model.rolled_back" : "model.promoted", model, now!, before, scope.Stamp)
                    );
                return WriteAnswer.Of(
                    new ModelChangeResponse(model, now ?? version ?? "", before),
                    ApiJson.Default.ModelChangeResponse
                );
            },
            async () => now = await live.Models.SwapAsync(model, version, http.RequestAborted)
        );
    }

    static ModelResponse Response(ModelManifest manifest, IReadOnlyDictionary<string, string> versions) =>
        new(
            manifest.Model,
            manifest.Version,
            versions.GetValueOrDefault(manifest.Model) == manifest.Version,
            manifest.Training.AsOf,
            manifest.Features.Count,
            manifest.Gate.Promote,
            manifest.Gate.Reason,
            manifest.Metrics
        );
}
