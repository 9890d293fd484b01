using Microsoft.AspNetCore.Http.HttpResults;

namespace Recommender.Api;

/// <summary>What the service says of itself.</summary>
sealed record HealthResponse(string Status);

static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes
            .MapGet("/health/live", () => TypedResults.Ok(new HealthResponse("live")))
            .WithName("Live")
            .WithSummary("The process answers");
        routes
            .MapGet("/health/ready", Ready)
            .WithName("Ready")
            .WithSummary("The history is in memory and models are open")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    public static ProblemHttpResult NotReady() =>
        TypedResults.Problem("The history is still being read.", statusCode: StatusCodes.Status503ServiceUnavailable);

    static Results<Ok<HealthResponse>, ProblemHttpResult> Ready(LiveRanker live) =>
        live.Ranker is null ? NotReady() : TypedResults.Ok(new HealthResponse("ready"));
}
