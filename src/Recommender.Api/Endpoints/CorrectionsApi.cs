using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Records;

namespace Recommender.Api.Endpoints;

/// <summary>Into what an account or partner goes.</summary>
sealed record MergeRequest
{
    /// <summary>The id that stays.</summary>
    public required string Into { get; init; }
}

/// <summary>What became of an account or partner that was merged.</summary>
/// <param name="Id">The id that went.</param>
/// <param name="Into">The id that stays; rows that name the other are taken as naming this.</param>
/// <param name="Result">merged, or unchanged if it was before.</param>
sealed record MergeResponse(string Id, string Into, string Result);

/// <summary>Whom to forget.</summary>
sealed record ErasureRequest
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }
}

/// <summary>What was forgotten.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Rows">Rows of the history, its own and those that named it, with all earlier versions.</param>
/// <param name="Recommendations">Answers about it.</param>
/// <param name="Events">Events about it.</param>
sealed record ErasureResponse(string AccountId, long Rows, long Recommendations, long Events);

/// <summary>What was said can be taken back: rows deleted, accounts and partners merged, accounts forgotten.</summary>
static class CorrectionsApi
{
    public static void MapCorrections(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1").RequireAuthorization("ingest").WithTags("History");
        foreach (var table in FactTables.All.Where(table => table.Route is not null))
            group
                .MapDelete(
                    $"/{table.Route}/{{id}}",
                    (string id, HttpContext http, Writes writes, string? reason = null, bool dry_run = false) =>
                        DeleteAsync(table, id, http, writes, reason, dry_run)
                )
                .WithName("Delete" + RowsApi.Pascal(table.Route!))
                .WithSummary(
                    $"Takes a row of {table.Name} out from now on; what was known before stays known as of then. 409 while other rows name it"
                );
        foreach (var table in (FactTable[])[FactTables.Accounts, FactTables.Partners])
            group
                .MapPost(
                    $"/{table.Route}/{{id}}/merge",
                    (string id, HttpContext http, Writes writes, IOptions<RecommenderOptions> options, bool dry_run = false) =>
                        MergeAsync(table, id, http, writes, options, dry_run)
                )
                .WithName("Merge" + RowsApi.Pascal(table.Route!))
                .WithSummary($"Has one of {table.Name} be another from now on: all that names it names the other, and it is gone")
                .Accepts<MergeRequest>("application/json");
        routes
            .MapPost("/v1/erasures", EraseAsync)
            .RequireAuthorization("admin")
            .WithTags("History")
            .WithName("EraseAccount")
            .Accepts<ErasureRequest>("application/json");
    }

    static async Task<Results<WriteOutcome<Results<Ok<RowResponse>, NotFound, PreconditionFailed>>, Invalid>> DeleteAsync(
        FactTable table,
        string id,
        HttpContext http,
        Writes writes,
        string? reason,
        bool dryRun
    )
    {
        if (JsonRow.FaultOfId(id) is { } expected)
            return Problems.Invalid("id", $"Expected {expected}.");
        if (reason is { Length: > 4000 } || reason?.Any(char.IsControl) == true)
            return Problems.Invalid("reason", "Expected at most 4000 characters, none a control character.");
        if (RowsApi.Expectation(http, out var expectation) is { } bad)
            return bad;
        return await writes.RunAsync<Results<Ok<RowResponse>, NotFound, PreconditionFailed>>(
            http,
            [],
            needsKey: false,
            dryRun,
            scope =>
            {
                if (scope.Find(table, id) is not { Fingerprint: var fingerprint })
                    throw new WriteRefusedException(Problems.NotFound($"No such row of {table.Name}."));
                if (expectation.Fingerprint is { } version && version != fingerprint)
                    throw new WriteRefusedException(RowsApi.NotAsExpected());
                var result = scope.Upsert(
                    FactTables.Deletions.Row(("table", table.Name), ("key", id), ("at", scope.Stamp), ("reason", reason))
                );
                if (result.Reason is { } why)
                    throw new WriteRefusedException(
                        Problems.Conflict($"Expected {why.Expected}.", "row_is_named", Problems.ErrorOf(why))
                    );
                return WriteAnswer.Of(new RowResponse(id, "deleted"), ApiJson.Default.RowResponse);
            }
        );
    }

    static async Task<Results<WriteOutcome<Results<Ok<MergeResponse>, NotFound>>, BadBody, Invalid>> MergeAsync(
        FactTable table,
        string id,
        HttpContext http,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dryRun
    )
    {
        var (request, bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, ApiJson.Default.MergeRequest);
        if (request is null)
            return problem!;
        foreach (var (pointer, one) in (IEnumerable<(string, string)>)[("id", id), ("/into", request.Into)])
        {
            if (JsonRow.FaultOfId(one) is { } expected)
                return Problems.Invalid(pointer, $"Expected {expected}.");
        }
        return await writes.RunAsync<Results<Ok<MergeResponse>, NotFound>>(
            http,
            bytes,
            needsKey: false,
            dryRun,
            scope =>
            {
                if (scope.Find(table, id) is null && scope.MergedInto(table, id) is null)
                    throw new WriteRefusedException(Problems.NotFound($"No such row of {table.Name}."));
                var result = scope.Upsert(
                    FactTables.Aliases.Row(("old_id", id), ("new_id", request.Into), ("at", scope.Stamp), ("table", table.Name))
                );
                if (result.Reason is { } why)
                    throw new WriteRefusedException(
                        Problems.Refused(
                            "They cannot be merged; errors says why.",
                            "row_rejected",
                            Problems.ErrorOf(why, why.Column == "new_id" ? "/into" : "id")
                        )
                    );
                return WriteAnswer.Of(
                    new MergeResponse(id, request.Into, result.Verdict == RowVerdict.Unchanged ? "unchanged" : "merged"),
                    ApiJson.Default.MergeResponse
                );
            }
        );
    }

    /// <summary>Forgets an account on request, and those that were merged into it: rows and those that name them, earlier versions, what was recommended and logged. It may have been deleted or merged away before; a later import does not bring it back</summary>
    public static async Task<Results<WriteOutcome<Results<Ok<ErasureResponse>, NotFound>>, BadBody, Invalid>> EraseAsync(
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
            ApiJson.Default.ErasureRequest
        );
        if (request is null)
            return problem!;
        if (JsonRow.FaultOfId(request.AccountId) is { } expected)
            return Problems.Invalid("/account_id", $"Expected {expected}.");
        return await writes.RunAsync<Results<Ok<ErasureResponse>, NotFound>>(
            http,
            bytes,
            needsKey: false,
            dry_run,
            scope =>
            {
                if (Erasure.Erase(scope, request.AccountId) is not var (rows, recommendations, events, isNew))
                    throw new WriteRefusedException(Problems.NotFound("No such account."));
                if (isNew)
                    live.Events.Append(
                        scope,
                        new(
                            "account.erased",
                            request.AccountId,
                            scope.Stamp,
                            new Dictionary<string, object?>
                            {
                                ["rows"] = rows,
                                ["recommendations"] = recommendations,
                                ["events"] = events,
                                ["by"] = Caller.Of(http),
                            }
                        )
                    );
                return WriteAnswer.Of(
                    new ErasureResponse(request.AccountId, rows, recommendations, events),
                    ApiJson.Default.ErasureResponse
                );
            },
            // What was just recommended is to go with the rest.
            live.Journal.FlushAsync
        );
    }
}
