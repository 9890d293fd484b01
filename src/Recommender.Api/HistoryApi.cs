using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Api;

/// <summary>What became of a row.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Result">inserted, updated, deleted or unchanged.</param>
sealed record RowResponse(string Id, string Result);

/// <summary>What became of many rows.</summary>
sealed record HistoryResponse(
    long Accepted,
    long Inserted,
    long Updated,
    long Deleted,
    long Unchanged,
    long Rejected,
    IReadOnlyList<ProblemError> Errors
);

static class HistoryApi
{
    const int MostErrorsListed = 100;

    public static void MapHistory(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1").RequireAuthorization("ingest").WithTags("History");
        foreach (var table in FactTables.All.Where(table => table.Route is not null))
        {
            var route = table.Route!;
            group
                .MapPut(
                    $"/{route}/{{id}}",
                    (
                        string id,
                        HttpContext http,
                        Writes writes,
                        LiveRecommender live,
                        IOptions<RecommenderOptions> options,
                        bool dry_run = false
                    ) => PutAsync(table, id, http, writes, options, dry_run)
                )
                .WithName("Put" + Pascal(route))
                .WithSummary($"Adds or replaces one row of {table.Name}; in the next recommendation when it answers")
                .WithMetadata(new RowBody(table))
                .Accepts<JsonElement>("application/json")
                .Produces<RowResponse>()
                .Produces<RowResponse>(StatusCodes.Status201Created)
                .ProducesProblems(400, 409, 412, 413, 415, 422, 503, 507);
            if (table != FactTables.Accounts)
                routes
                    .MapGet(
                        $"/v1/{route}/{{id}}",
                        (string id, HttpContext http, LiveRecommender live) => Get(table, id, http, live)
                    )
                    .RequireAuthorization("recommend")
                    .WithTags("History")
                    .WithName("Get" + Pascal(route))
                    .WithSummary($"One row of {table.Name} as the history has it, with its ETag")
                    .Produces<JsonElement>()
                    .ProducesProblems(404, 503);
        }
        foreach (var table in FactTables.All.Where(table => table.IndexOf("external_id") >= 0))
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
                .Accepts<JsonElement>("application/json")
                .Produces<RowResponse>()
                .Produces<RowResponse>(StatusCodes.Status201Created)
                .ProducesProblems(400, 409, 412, 413, 415, 422, 503, 507);
        group
            .MapPost("/history", PostAsync)
            .WithName("PostHistory")
            .WithSummary(
                "Many rows of any table as NDJSON, one transaction: {\"table\": \"touches\", \"row\": {…}} a line; bad rows are told and left out, or with strict=true refuse all"
            )
            .Accepts<JsonElement>("application/x-ndjson")
            .Produces<HistoryResponse>()
            .ProducesProblems(400, 409, 413, 415, 422, 503, 507)
            .WithRequestTimeout("bulk");
    }

    static async Task<IResult> PutAsync(
        FactTable table,
        string id,
        HttpContext http,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dryRun
    )
    {
        var (bytes, problem) = await Body.ReadAsync(http, options.Value.Limits.BodyBytes, "application/json");
        if (bytes is null)
            return problem!;
        if (JsonRow.FaultOfId(id) is { } expected)
            return Problems.Invalid("id", $"Expected {expected}.");
        if (Row(table, bytes, id, out var row) is { } fault)
            return fault;
        if (Expectation(http, out var expectation) is { } bad)
            return bad;
        return await writes.RunAsync(http, bytes, needsKey: false, dryRun, scope => Upsert(scope, row, expectation));
    }

    static async Task<IResult> PutByExternalIdAsync(
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
        if (JsonRow.FaultOfId(externalId) is { } expected)
            return Problems.Invalid("external_id", $"Expected {expected}.");
        if (!live.Answers)
            return Problems.NotReady(http);
        var id = live.Store.FindByExternalId(table, externalId);
        if (Row(table, bytes, id, out var row, externalId) is { } fault)
            return fault;
        if (Expectation(http, out var expectation) is { } bad)
            return bad;
        if (row["external_id"] is string named && named != externalId)
            return Problems.Invalid("/external_id", $"Found '{named}'; expected '{externalId}' as in the address, or nothing.");
        row = row.With("external_id", externalId);
        return await writes.RunAsync(http, bytes, needsKey: false, dryRun, scope => Upsert(scope, row, expectation));
    }

    static WriteAnswer Upsert(WriteScope scope, HistoryRow row, RowExpectation expectation)
    {
        // Who puts an account by its id means it, though it was erased.
        var result = scope.Upsert(row, expectation with { EvenIfErased = true });
        return result.Verdict switch
        {
            RowVerdict.NotAsExpected => throw new WriteRefusedException(NotAsExpected()),
            RowVerdict.Rejected => throw new WriteRefusedException(
                Problems.Of(
                    StatusCodes.Status422UnprocessableEntity,
                    "The row does not fit the history; errors says where.",
                    "row_rejected",
                    new ProblemError(
                        "/" + result.Reason!.Column,
                        $"Found '{result.Reason.Found}'; expected {result.Reason.Expected}."
                    )
                )
            ),
            _ => WriteAnswer.Of(
                new RowResponse(row.Key, Word(result.Verdict)),
                ApiJson.Default.RowResponse,
                result.Verdict == RowVerdict.Inserted ? StatusCodes.Status201Created : StatusCodes.Status200OK,
                ETag(result.Fingerprint)
            ),
        };
    }

    public static IResult NotAsExpected() =>
        Problems.Of(
            StatusCodes.Status412PreconditionFailed,
            "The row was changed meanwhile, or is there or not there against If-Match or If-None-Match.",
            "precondition_failed"
        );

    static IResult Get(FactTable table, string id, HttpContext http, LiveRecommender live)
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        if (live.Store.Find(table, id) is not { } found)
            return Problems.NotFound($"No such row of {table.Name}.");
        http.Response.Headers.ETag = ETag(found.Fingerprint);
        return new JsonBytes(JsonRow.Write(found.Row));
    }

    static async Task<IResult> PostAsync(
        HttpContext http,
        Writes writes,
        IOptions<RecommenderOptions> options,
        bool dry_run = false,
        bool strict = false
    )
    {
        var limits = options.Value.Limits;
        var (bytes, problem) = await Body.ReadAsync(http, limits.BulkBytes, "application/x-ndjson");
        if (bytes is null)
            return problem!;
        var rows = new List<HistoryRow?>();
        var lines = new List<long>();
        var rejected = new List<RejectedRow>();
        foreach (var (number, line) in Ndjson.Lines(bytes))
        {
            if (rows.Count >= limits.BulkRows)
                return Problems.Of(
                    StatusCodes.Status413PayloadTooLarge,
                    FormattableString.Invariant($"Expected at most {limits.BulkRows} rows; nothing was taken."),
                    "too_many_rows"
                );
            if (TryReadLine(line.Span, number, out var row, out var fault))
            {
                rows.Add(row);
                lines.Add(number);
            }
            else
                rejected.Add(fault);
        }
        return await writes.RunAsync(
            http,
            bytes,
            needsKey: false,
            dry_run,
            scope =>
            {
                long inserted = 0,
                    updated = 0,
                    deleted = 0,
                    unchanged = 0;
                for (var i = 0; i < rows.Count; i++)
                {
                    var result = scope.Upsert(rows[i]!);
                    switch (result.Verdict)
                    {
                        case RowVerdict.Inserted:
                            inserted++;
                            break;
                        case RowVerdict.Updated:
                            updated++;
                            break;
                        case RowVerdict.Deleted:
                            deleted++;
                            break;
                        case RowVerdict.Unchanged:
                            unchanged++;
                            break;
                        default:
                            rejected.Add(result.Reason! with { Line = lines[i] });
                            break;
                    }
                }
                ProblemError[] errors =
                [
                    .. rejected
                        .OrderBy(row => row.Line)
                        .Take(MostErrorsListed)
                        .Select(row => new ProblemError(
                            FormattableString.Invariant($"line {row.Line}, {row.File} {row.Column}"),
                            $"Found '{row.Found}'; expected {row.Expected}."
                        )),
                ];
                if (strict && rejected.Count > 0)
                    throw new WriteRefusedException(
                        Problems.Of(
                            StatusCodes.Status422UnprocessableEntity,
                            $"{rejected.Count} rows were rejected, nothing was taken.",
                            "row_rejected",
                            errors
                        )
                    );
                Telemetry.FactsTaken(inserted + updated + deleted);
                return WriteAnswer.Of(
                    new HistoryResponse(
                        inserted + updated + deleted + unchanged,
                        inserted,
                        updated,
                        deleted,
                        unchanged,
                        rejected.Count,
                        errors
                    ),
                    ApiJson.Default.HistoryResponse
                );
            }
        );
    }

    static bool TryReadLine(ReadOnlySpan<byte> line, long number, out HistoryRow row, out RejectedRow fault)
    {
        row = null!;
        RejectedRow Bad(string found, string expected) => new("the line", number, "", found, expected);
        const string Shape = "{\"table\": …, \"row\": {…}}, the table first";
        try
        {
            var json = new Utf8JsonReader(line);
            if (
                !json.Read()
                || json.TokenType != JsonTokenType.StartObject
                || !json.Read()
                || json.TokenType != JsonTokenType.PropertyName
                || !json.ValueTextEquals("table")
                || !json.Read()
                || json.TokenType != JsonTokenType.String
            )
            {
                fault = Bad("something else", Shape);
                return false;
            }
            FactTable? table = null;
            foreach (var known in FactTables.All)
            {
                if (json.ValueTextEquals(known.Name) && known.TakesRows)
                    table = known;
            }
            if (table is null)
            {
                fault = new(
                    "the line",
                    number,
                    "table",
                    "another name",
                    $"one of {string.Join(", ", FactTables.All.Where(known => known.TakesRows).Select(known => known.Name))}"
                );
                return false;
            }
            if (!json.Read() || json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals("row") || !json.Read())
            {
                fault = Bad("no row", Shape);
                return false;
            }
            if (!JsonRow.TryRead(table, ref json, number, out row, out var rejected))
            {
                fault = rejected!;
                return false;
            }
            if (!json.Read() || json.TokenType != JsonTokenType.EndObject || json.Read())
            {
                fault = Bad("something after the row", Shape);
                return false;
            }
            fault = null!;
            return true;
        }
        catch (JsonException)
        {
            fault = Bad("no JSON", Shape);
            return false;
        }
    }

    static IResult? Row(FactTable table, byte[] bytes, string? id, out HistoryRow row, string? defaultId = null)
    {
        row = null!;
        try
        {
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 16 });
            json.Read();
            var key = id;
            if (id is null && defaultId is not null && !Names(bytes, table.Columns[0].Name))
                key = defaultId;
            if (!JsonRow.TryRead(table, ref json, 1, out row, out var fault, key))
                return Problems.Invalid("/" + fault!.Column, $"Found '{fault.Found}'; expected {fault.Expected}.");
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

    public static IResult? Expectation(HttpContext http, out RowExpectation expectation)
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
sealed record RowBody(FactTable Table);
