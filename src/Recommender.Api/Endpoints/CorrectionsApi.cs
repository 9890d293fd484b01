using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Records;
using Recommender.Webhooks;

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
                    (
                        string id,
                        HttpContext http,
                        LiveRecommender live,
                        Writes writes,
                        string? reason = null,
                        bool dry_run = false
                    ) => DeleteAsync(table, id, http, live, writes, reason, dry_run)
                )
                .WithName("Delete" + RowsApi.Pascal(table.Route!))
                .WithSummary(
                    $"Takes a row of {table.Name} out from now on; what was known before stays known as of then. 409 while other rows name it"
                );
        foreach (var table in (FactTable[])[FactTables.Accounts, FactTables.Partners])
            group
                .MapPost(
                    $"/{table.Route}/{{id}}/merge",
                    (
                        string id,
                        HttpContext http,
                        LiveRecommender live,
                        Writes writes,
                        IOptions<RecommenderOptions> options,
                        bool dry_run = false
                    ) => MergeAsync(table, id, http, live, writes, options, dry_run)
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
        LiveRecommender live,
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
                    throw new WriteRefusedException(Missing(table, id, scope.WhatBecameOf(table, id)));
                if (expectation.Fingerprint is { } version && version != fingerprint)
                    throw new WriteRefusedException(RowsApi.NotAsExpected());
                var row = FactTables.Deletions.Row(("table", table.Name), ("key", id), ("at", scope.Stamp), ("reason", reason));
                var result = scope.Upsert(row);
                if (result.Reason is { } why)
                    throw new WriteRefusedException(
                        Problems.Conflict($"Expected {why.Expected}.", "row_is_named", Problems.ErrorOf(why))
                    );
                Tell(scope, live.Events, row, result.Verdict);
                return WriteAnswer.Of(new RowResponse(id, "deleted"), ApiJson.Default.RowResponse);
            }
        );
    }

    static async Task<Results<WriteOutcome<Results<Ok<MergeResponse>, NotFound>>, BadBody, Invalid>> MergeAsync(
        FactTable table,
        string id,
        HttpContext http,
        LiveRecommender live,
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
                    throw new WriteRefusedException(Missing(table, id, scope.WhatBecameOf(table, id)));
                var row = FactTables.Aliases.Row(
                    ("old_id", id),
                    ("new_id", request.Into),
                    ("at", scope.Stamp),
                    ("table", table.Name)
                );
                var verdict = Writes.Take(
                    scope,
                    row,
                    "They cannot be merged; errors says why.",
                    column => column == "new_id" ? "/into" : "id"
                );
                Tell(scope, live.Events, row, verdict);
                return WriteAnswer.Of(
                    new MergeResponse(id, request.Into, verdict == RowVerdict.Unchanged ? "unchanged" : "merged"),
                    ApiJson.Default.MergeResponse
                );
            }
        );
    }

    /// <summary>Notes in the feed that a row was deleted or merged, if that is what a row of deletions or aliases did.</summary>
    public static void Tell(WriteScope scope, EventLog events, HistoryRow row, RowVerdict verdict)
    {
        if (row.Table == FactTables.Deletions && verdict == RowVerdict.Deleted)
        {
            var deletion = FactTables.Deletions.Read(row);
            Tell("row.deleted", deletion.Table, deletion.Key, into: null);
        }
        else if (row.Table == FactTables.Aliases && verdict == RowVerdict.Inserted)
        {
            var alias = FactTables.Aliases.Read(row);
            var table =
                scope.MergedInto(FactTables.Accounts, alias.OldId) == alias.NewId
                    ? FactTables.Accounts.Name
                    : FactTables.Partners.Name;
            Tell("row.merged", alias.Table ?? table, alias.OldId, alias.NewId);
        }

        // Not why: a reason may name somebody who is to be forgotten.
        void Tell(string type, string table, string key, string? into)
        {
            var data = new Dictionary<string, object?> { ["table"] = table, ["key"] = key };
            if (into is not null)
                data["into"] = into;
            // What is of an account goes with it when it is erased.
            if (table == FactTables.Accounts.Name)
                data["account_id"] = key;
            events.Append(scope, new(type, key, scope.Stamp, data));
        }
    }

    /// <summary>There is no such row, and what became of it if there was one.</summary>
    public static NotFound Missing(FactTable table, string id, (string? Into, DateTime? DeletedAt) was) =>
        Problems.NotFound(
            was.Into is { } into ? $"No such row of {table.Name}: '{id}' was merged into '{into}'."
            : was.DeletedAt is { } at ? $"No such row of {table.Name}: '{id}' was deleted on {Instants.Text(at)}."
            : $"No such row of {table.Name}."
        );

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
