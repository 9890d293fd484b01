using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

/// <summary>What became of many rows.</summary>
sealed record HistoryResponse(
    long Accepted,
    long Inserted,
    long Updated,
    long Deleted,
    long Unchanged,
    long Rejected,
    IReadOnlyList<ProblemError> Errors,
    IReadOnlyList<WarningCount> Warnings
);

static class HistoryApi
{
    const int MostErrorsListed = 100;

    public static void MapHistory(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/history").RequireAuthorization("ingest").WithTags("History");
        group
            .MapPost("", PostAsync)
            .WithName("PostHistory")
            .Accepts<JsonElement>("application/x-ndjson")
            .WithRequestTimeout("bulk")
            .WithMetadata(new InLane(Lane.Bulk));
    }

    /// <summary>Many rows of any table as NDJSON, one transaction: {"table": "touches", "row": {…}} a line; bad rows are told and left out, or with strict=true refuse all</summary>
    public static async Task<Results<WriteOutcome<Ok<HistoryResponse>>, BadContent>> PostAsync(
        HttpContext http,
        LiveRecommender live,
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
        var rows = new List<(long Line, HistoryRow Row)>();
        var rejected = new List<RejectedRow>();
        foreach (var (number, line) in Ndjson.Lines(bytes))
        {
            if (rows.Count >= limits.BulkRows)
                return new BadContent(
                    StatusCodes.Status413PayloadTooLarge,
                    FormattableString.Invariant($"Expected at most {limits.BulkRows} rows; nothing was taken."),
                    "too_many_rows"
                );
            if (TryReadLine(line.Span, number, options.Value.Reader.Settings, out var row, out var fault))
            {
                rows.Add((number, row));
            }
            else
                rejected.Add(fault);
        }
        return await writes.RunAsync<Ok<HistoryResponse>>(
            http,
            bytes,
            needsKey: false,
            dry_run,
            scope => WriteAnswer.Of(Take(scope, live.Events, rows, rejected, strict), ApiJson.Default.HistoryResponse)
        );
    }

    /// <summary>Takes rows of any table in, in their order.</summary>
    /// <param name="scope">The transaction.</param>
    /// <param name="events">Told of rows that were deleted or merged.</param>
    /// <param name="rows">With the lines they stand on.</param>
    /// <param name="rejected">Rows that could not be read; those that are not taken are added.</param>
    /// <param name="strict">Refuse all if one is rejected.</param>
    public static HistoryResponse Take(
        WriteScope scope,
        EventLog events,
        IReadOnlyList<(long Line, HistoryRow Row)> rows,
        List<RejectedRow> rejected,
        bool strict
    )
    {
        long inserted = 0,
            updated = 0,
            deleted = 0,
            unchanged = 0;
        var warnings = new WarningCounts();
        scope.Expect(rows.Select(one => one.Row));
        foreach (var (line, row) in rows)
        {
            var result = scope.Upsert(row);
            CorrectionsApi.Tell(scope, events, row, result.Verdict);
            if (result.Verdict is RowVerdict.Inserted or RowVerdict.Updated or RowVerdict.Deleted)
                warnings.Add(row, line, scope.WarningsOf(row));
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
                    rejected.Add(result.Reason! with { Line = line });
                    break;
            }
        }
        ProblemError[] errors =
        [
            .. rejected
                .OrderBy(row => row.Line)
                .Take(MostErrorsListed)
                .Select(row => Problems.ErrorOf(row, FormattableString.Invariant($"line {row.Line}, {row.File} {row.Column}"))),
        ];
        if (strict && rejected.Count > 0)
            throw new WriteRefusedException(
                Problems.Refused($"{rejected.Count} rows were rejected, nothing was taken.", "row_rejected", errors)
            );
        Telemetry.FactsTaken(inserted + updated + deleted);
        return new HistoryResponse(
            inserted + updated + deleted + unchanged,
            inserted,
            updated,
            deleted,
            unchanged,
            rejected.Count,
            errors,
            warnings.All
        );
    }

    static bool TryReadLine(
        ReadOnlySpan<byte> line,
        long number,
        ReaderSettings settings,
        out HistoryRow row,
        out RejectedRow fault
    )
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
            if (!JsonRow.TryRead(table, ref json, number, out row, out var rejected, settings: settings))
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
}
