using Microsoft.AspNetCore.Http.HttpResults;

namespace Recommender.Api.Endpoints;

/// <summary>What the service says of itself.</summary>
sealed record HealthResponse(string Status);

static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/health").AllowAnonymous().WithTags("Operations");
        group.MapGet("/live", Live).WithName("Live");
        group.MapGet("/ready", Ready).WithName("Ready");
    }

    /// <summary>The process answers</summary>
    public static Ok<HealthResponse> Live() => TypedResults.Ok(new HealthResponse("live"));

    /// <summary>History, models and rules answer, and the service is not about to stop</summary>
    public static Results<Ok<HealthResponse>, Unavailable> Ready(HttpContext http, LiveRecommender live) =>
        live is { IsReady: true, IsInTouch: false }
            ? Problems.Busy(http, "The database does not answer; rankings are of what was known before.", "database_unavailable")
        : live.IsReady ? TypedResults.Ok(new HealthResponse("ready"))
        : live.IsDraining ? Problems.Busy(http, "The service is about to stop.", "draining")
        : Problems.NotReady(http);
}
