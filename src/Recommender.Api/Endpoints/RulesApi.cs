using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Ranking;
using Recommender.Records;

namespace Recommender.Api.Endpoints;

/// <summary>The rules that hold from now on.</summary>
sealed record RulesResponse(long Version, int Rules);

static class RulesApi
{
    public static void MapRules(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/rules").WithTags("Rules");
        group.MapGet("", Get).RequireAuthorization("recommend").WithName("GetRules");
        group.MapPut("", PutAsync).RequireAuthorization("admin").WithName("PutRules").Accepts<JsonElement>("application/json");
    }

    /// <summary>The rules that hold, as they were written; the ETag is their version</summary>
    public static Results<Json<JsonElement>, Unavailable> Get(HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        var (rules, body) = live.RuleStore.Newest();
        http.Response.Headers.ETag = ETag(rules.Version);
        return new Json<JsonElement>(body);
    }

    /// <summary>Replaces the rules in one step; a rule with an error is refused with its line and the old rules stay</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<RulesResponse>, PreconditionFailed>>, BadContent, Invalid, Unavailable>
    > PutAsync(HttpContext http, LiveRecommender live, Writes writes, IOptions<RecommenderOptions> options, bool dry_run = false)
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (RuleSet.Read(bytes, 1, out var faults) is not { } read)
            return Problems.Invalid([
                .. faults.Select(fault => new ProblemError(FormattableString.Invariant($"line {fault.Line}"), fault.Message)),
            ]);
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Read((state, _) => RuleColumns.Unknown(read, state)) is { Count: > 0 } unknown)
            return Problems.Invalid([.. unknown.Select(one => new ProblemError(one.Where, one.Message))]);
        var match = http.Request.Headers.IfMatch.ToString();
        RuleSet? set = null;
        var answer = await writes.RunAsync<Results<Ok<RulesResponse>, PreconditionFailed>>(
            http,
            bytes,
            needsKey: false,
            dry_run,
            scope =>
            {
                var held = RuleStore.NewestVersion(scope);
                if (match.Length > 0 && match != "*" && match != ETag(held))
                    throw new WriteRefusedException(
                        new PreconditionFailed(FormattableString.Invariant($"Version {held} of the rules holds."))
                    );
                set = RuleSet.Read(bytes, held + 1, out _)!;
                RuleStore.Add(scope, set, Caller.Of(http), bytes);
                live.Events.Append(
                    scope,
                    new(
                        "rules.changed",
                        set.Version.ToString(CultureInfo.InvariantCulture),
                        scope.Stamp,
                        new Dictionary<string, object?> { ["version"] = set.Version, ["rules"] = set.Rules.Count }
                    )
                );
                return WriteAnswer.Of(
                    new RulesResponse(set.Version, set.Rules.Count),
                    ApiJson.Default.RulesResponse,
                    etag: ETag(set.Version)
                );
            }
        );
        if (set is not null && !dry_run && answer.Result is JsonBytes { Status: StatusCodes.Status200OK })
            live.SetRules(set);
        return answer;
    }

    static string ETag(long version) => FormattableString.Invariant($"\"{version}\"");
}
