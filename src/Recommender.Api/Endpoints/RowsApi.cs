using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api.Endpoints;

/// <summary>What became of a row.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Result">inserted, updated, deleted or unchanged.</param>
/// <param name="Warnings">Dates that are missing, lie ahead or far away, and what they are taken for; an external id that another row has; not there if there are none.</param>
sealed record RowResponse(
    string Id,
    string Result,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RowWarning>? Warnings = null
);

/// <summary>Rows of the history, one at a time: each table that has an address takes and shows its own.</summary>
static class RowsApi
{
    const int MostNamed = 10;

    public static void MapRows(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1").RequireAuthorization("ingest").WithTags("History");
        foreach (var table in FactTables.All.Where(table => table.Route is not null))
        {
            var route = table.Route!;
            group
                .MapPut(
                    $"/{route}/{{id}}",
                    (string id, HttpContext http, Writes writes, IOptions<RecommenderOptions> options, bool dry_run = false) =>
                        PutAsync(table, id, http, writes, options, dry_run)
                )
                .WithName("Put" + Pascal(route))
                .WithSummary($"Adds or replaces one row of {table.Name}; in the next recommendation when it answers")
                .WithMetadata(new RowBody(table))
                .Accepts<JsonElement>("application/json");
            if (table != FactTables.Accounts)
                routes
                    .MapGet(
                        $"/v1/{route}/{{id}}",
                        (string id, HttpContext http, LiveRecommender live) => Get(table, id, http, live)
                    )
                    .RequireAuthorization("recommend")
                    .WithTags("History")
                    .WithName("Get" + Pascal(route))
                    .WithSummary($"One row of {table.Name} as the history has it, with its ETag");
        }
        foreach (var table in FactTables.All.Where(table => table.IsListed))
            group
                .MapPut(
                    $"/{table.Route}/by-external-id/{{externalId}}",
                    (
                        string externalId,
                        HttpContext http,
                        Writes writes,
                        IOptions<RecommenderOptions> options,
                        LiveRecommender live,
                        bool dry_run = false
                    ) => PutByExternalIdAsync(table, externalId, http, writes, live, options, dry_run)
                )
                .WithName($"Put{Pascal(table.Route!)}ByExternalId")
                .WithSummary(
                    $"The same by external_id; a new row takes it as its {table.Columns[0].Name} unless the body names one"
                )
                .WithMetadata(new RowBody(table))
                .Accepts<JsonElement>("application/json");
    }

    static async Task<
        Results<WriteOutcome<Results<Ok<RowResponse>, Created<RowResponse>, PreconditionFailed>>, BadContent, Invalid>
    > PutAsync(FactTable table, string id, HttpContext http, Writes writes, IOptions<RecommenderOptions> options, bool dryRun)
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (JsonRow.FaultOfAddress(id, options.Value.Reader.Settings) is { } expected)
            return Problems.Invalid("id", $"Expected {expected}.");
        if (Row(table, bytes, id, options.Value.Reader.Settings, out var row) is { } fault)
            return fault;
        if (Expectation(http, out var expectation) is { } bad)
            return bad;
        return await writes.RunAsync<Results<Ok<RowResponse>, Created<RowResponse>, PreconditionFailed>>(
            http,
            bytes,
            needsKey: false,
            dryRun,
            // Who puts an account by its id means it, though it was erased.
            scope => Upsert(scope, row, expectation with { EvenIfErased = true })
        );
    }

    static async Task<
        Results<
            WriteOutcome<Results<Ok<RowResponse>, Created<RowResponse>, PreconditionFailed>>,
            BadContent,
            Invalid,
            Unavailable
        >
    > PutByExternalIdAsync(
        FactTable table,
        string externalId,
        HttpContext http,
        Writes writes,
        LiveRecommender live,
        IOptions<RecommenderOptions> options,
        bool dryRun
    )
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (JsonRow.FaultOfAddress(externalId, options.Value.Reader.Settings) is { } expected)
            return Problems.Invalid("external_id", $"Expected {expected}.");
        if (!live.Answers)
            return Problems.NotReady(http);
        var id = live.Store.FindByExternalId(table, externalId);
        if (Row(table, bytes, id, options.Value.Reader.Settings, out var row, externalId) is { } fault)
            return fault;
        if (Expectation(http, out var expectation) is { } bad)
            return bad;
        if (row["external_id"] is string named && named != externalId)
            return Problems.Invalid("/external_id", $"Found '{named}'; expected '{externalId}' as in the address, or nothing.");
        return await writes.RunAsync<Results<Ok<RowResponse>, Created<RowResponse>, PreconditionFailed>>(
            http,
            bytes,
            needsKey: false,
            dryRun,
            scope =>
                scope.HavingExternalId(table, externalId) is { Count: > 1 } several
                    ? throw new WriteRefusedException(Ambiguous(table, externalId, several))
                    : Upsert(scope, row.With("external_id", ExternalIdOf(scope, table, id) ?? externalId), expectation)
        );
    }

    /// <summary>What the row that was found has, since another one that had the id of the address may have been merged into it.</summary>
    static object? ExternalIdOf(WriteScope scope, FactTable table, string? found) =>
        found is not null && scope.Find(table, found) is var (held, _) ? held["external_id"] : null;

    static NotWritten Ambiguous(FactTable table, string externalId, IReadOnlyList<string> ids) =>
        Problems.Conflict(
            $"The external id '{externalId}' is of {table.Name} {string.Join(", ", ids.Take(MostNamed).Select(id => $"'{id}'"))}: put the one that is meant by its id, or merge them.",
            "external_id_ambiguous"
        );

    static WriteAnswer Upsert(WriteScope scope, HistoryRow row, RowExpectation expectation)
    {
        var result = scope.Upsert(row, expectation);
        return result.Verdict switch
        {
            RowVerdict.NotAsExpected => throw new WriteRefusedException(NotAsExpected()),
            RowVerdict.Rejected => throw new WriteRefusedException(
                Problems.Refused(
                    "The row does not fit the history; errors says where.",
                    "row_rejected",
                    Problems.ErrorOf(result.Reason!)
                )
            ),
            _ => WriteAnswer.Of(
                new RowResponse(
                    row.Key,
                    Word(result.Verdict),
                    scope.WarningsOf(row).ToList() is { Count: > 0 } warnings ? warnings : null
                ),
                ApiJson.Default.RowResponse,
                result.Verdict == RowVerdict.Inserted ? StatusCodes.Status201Created : StatusCodes.Status200OK,
                ETag(result.Fingerprint)
            ),
        };
    }

    public static PreconditionFailed NotAsExpected() =>
        new("The row was changed meanwhile, or is there or not there against If-Match or If-None-Match.");

    static Results<Json<JsonElement>, NotFound, Unavailable> Get(
        FactTable table,
        string id,
        HttpContext http,
        LiveRecommender live
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Store.Find(table, id) is not { } found)
            return CorrectionsApi.Missing(table, id, live.Store.WhatBecameOf(table, id));
        http.Response.Headers.ETag = ETag(found.Fingerprint);
        return new Json<JsonElement>(JsonRow.Write(found.Row));
    }

    public static Invalid? Row(
        FactTable table,
        byte[] bytes,
        string? id,
        ReaderSettings settings,
        out HistoryRow row,
        string? defaultId = null
    )
    {
        row = null!;
        try
        {
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 16 });
            json.Read();
            var key = id;
            if (id is null && defaultId is not null && !Names(bytes, table.Columns[0].Name))
                key = defaultId;
            if (!JsonRow.TryRead(table, ref json, 1, out row, out var fault, key, settings))
                return Problems.Invalid([Problems.ErrorOf(fault!)]);
            return json.Read() ? Problems.Invalid("", "Found something after the object; expected nothing.") : null;
        }
        catch (JsonException e)
        {
            return Problems.Invalid(
                "",
                FormattableString.Invariant($"The body is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.")
            );
        }
    }

    static bool Names(byte[] bytes, string property)
    {
        using var json = JsonDocument.Parse(bytes);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(property, out _);
    }

    public static Invalid? Expectation(HttpContext http, out RowExpectation expectation)
    {
        expectation = default;
        var match = http.Request.Headers.IfMatch.ToString();
        var none = http.Request.Headers.IfNoneMatch.ToString();
        if (none.Length > 0 && none != "*")
            return Problems.Invalid("If-None-Match", "Expected *: only if there is no such row yet.");
        if (match.Length == 0 || match == "*")
        {
            expectation = new(null, none == "*", match == "*");
            return null;
        }
        if (
            match is not ['"', .. var digits, '"']
            || digits.Length != 16
            || !long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var fingerprint)
        )
            // A tag that is none of ours matches no row.
            fingerprint = 0;
        expectation = new(fingerprint, none == "*");
        return null;
    }

    public static string ETag(long fingerprint) => $"\"{fingerprint:x16}\"";

    static string Word(RowVerdict verdict) =>
        verdict switch
        {
            RowVerdict.Inserted => "inserted",
            RowVerdict.Updated => "updated",
            RowVerdict.Deleted => "deleted",
            _ => "unchanged",
        };

    public static string Pascal(string route) =>
        string.Concat(route.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}

/// <summary>Says which table's row a body holds.</summary>
sealed record RowBody(FactTable Table)
{
    /// <summary>True if it is sent to be worked on: id and date may be left out, and new_account says that its company is none of our accounts.</summary>
    public bool IsSubmitted { get; init; }
}
