using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Leads;
using Recommender.Facts;

namespace Recommender.Api.Endpoints;

/// <summary>The routing policy that holds from now on.</summary>
sealed record RoutingPolicyResponse(long Version);

static class RoutingPolicyApi
{
    public static void MapRoutingPolicy(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/routing-policy").WithTags("Leads");
        group.MapGet("", Get).RequireAuthorization("recommend").WithName("GetRoutingPolicy");
        group
            .MapPut("", PutAsync)
            .RequireAuthorization("admin")
            .WithName("PutRoutingPolicy")
            .Accepts<RoutingPolicy>("application/json");
    }

    /// <summary>The routing policy that holds, as it was written, and empty if none was: then the defaults hold. The ETag is its version</summary>
    public static Results<Json<RoutingPolicy>, Unavailable> Get(HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var set = live.Read((state, _) => LeadsCapability.LastPolicyOf(state));
        http.Response.Headers.ETag = ETag(set?.Version ?? 0);
        return new Json<RoutingPolicy>(Encoding.UTF8.GetBytes(set?.Body ?? "{}\n"));
    }

    /// <summary>Replaces the routing policy in one step; one with an error is refused with its line and the old one stays</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<RoutingPolicyResponse>, PreconditionFailed>>, BadContent, Invalid, Unavailable>
    > PutAsync(HttpContext http, LiveRecommender live, Writes writes, IOptions<RecommenderOptions> options, bool dry_run = false)
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        var body = Encoding.UTF8.GetString(bytes).TrimStart('\ufeff');
        if (body.Length > LeadsCapability.Policies.MostText)
            return Problems.Invalid(
                "",
                FormattableString.Invariant(
                    $"Found {body.Length} characters; expected at most {LeadsCapability.Policies.MostText}."
                )
            );
        if (RoutingPolicy.Read(body, 1, out var faults) is null)
            return Problems.Invalid([
                .. faults.Select(fault => new ProblemError(FormattableString.Invariant($"line {fault.Line}"), fault.Message)),
            ]);
        if (!live.Answers)
            return Problems.NotReady(http);
        var match = http.Request.Headers.IfMatch.ToString();
        return await writes.RunAsync<Results<Ok<RoutingPolicyResponse>, PreconditionFailed>>(
            http,
            bytes,
            needsKey: false,
            dry_run,
            scope =>
            {
                var held = live.Read((state, _) => LeadsCapability.LastPolicyOf(state)?.Version ?? 0);
                if (match.Length > 0 && match != "*" && match != ETag(held))
                    throw new WriteRefusedException(
                        new PreconditionFailed(FormattableString.Invariant($"Version {held} of the routing policy holds."))
                    );
                Writes.Take(
                    scope,
                    LeadsCapability.Policies.RowOf(new(held + 1, scope.Stamp, body, Caller.Of(http))),
                    "The policy does not fit the history."
                );
                return WriteAnswer.Of(
                    new RoutingPolicyResponse(held + 1),
                    ApiJson.Default.RoutingPolicyResponse,
                    etag: ETag(held + 1)
                );
            },
            decides: true
        );
    }

    static string ETag(long version) => FormattableString.Invariant($"\"{version}\"");
}
