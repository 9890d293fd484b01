using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Mapping;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Matching;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Api.Endpoints;

/// <summary>What became of a partner's list.</summary>
/// <param name="PartnerId">The partner.</param>
/// <param name="Records">Records that the list holds now.</param>
/// <param name="New">Those that were not there.</param>
/// <param name="Changed">Those that say something else than before.</param>
/// <param name="Unchanged">Those that say the same.</param>
/// <param name="Ended">Records that the list does not have any more: they hold until now.</param>
/// <param name="Matched">Records that are an account of ours, as computed.</param>
/// <param name="Confirmed">Records that are an account of ours, as a person decided.</param>
/// <param name="Review">Records that may be: a person decides.</param>
/// <param name="None">Records that are none of our accounts.</param>
/// <param name="Rejected">Rows that could not be taken.</param>
/// <param name="Errors">Why, the first hundred. Of a partner that shares counts only they say where, and matched, confirmed, review and none are null below five.</param>
sealed record AccountListResponse(
    string PartnerId,
    int Records,
    int New,
    int Changed,
    int Unchanged,
    int Ended,
    int? Matched,
    int? Confirmed,
    int? Review,
    int? None,
    int Rejected,
    IReadOnlyList<ProblemError> Errors
);

static class AccountListsApi
{
    const int MostErrorsListed = 100;
    const int MostTries = 3;

    public static void MapAccountLists(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/partners/{id}").WithTags("Partners");
        group
            .MapPost("/account-list", PostListAsync)
            .RequireAuthorization("ingest")
            .WithName("PostAccountList")
            .Accepts<string>("text/csv", "application/x-ndjson")
            .WithRequestTimeout("bulk")
            .WithMetadata(new InLane(Lane.Bulk));
        group
            .MapPost("/account-list/match", MatchAgainAsync)
            .RequireAuthorization("ingest")
            .WithName("MatchAccountList")
            .WithRequestTimeout("bulk")
            .WithMetadata(new InLane(Lane.Bulk));
    }

    /// <summary>Takes a partner's account list in, whole, as CSV or NDJSON, and matches it with our accounts; what an earlier list had and this one has not ends now</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<AccountListResponse>, NotFound>>, BadContent, Invalid, NotFound, Unavailable>
    > PostListAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        string? population = null,
        bool dry_run = false
    )
    {
        if (population is not null && !AccountMap.Populations.Contains(population))
            return Problems.Invalid("population", $"Expected one of {string.Join(", ", AccountMap.Populations)}.");
        var isCsv = Body.IsOf(http, "text/csv");
        var (bytes, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BulkBytes,
            isCsv ? "text/csv" : "application/x-ndjson"
        );
        if (bytes is null)
            return isCsv || problem!.Status != StatusCodes.Status415UnsupportedMediaType
                ? problem!
                : Problems.OtherType("text/csv or application/x-ndjson");
        AccountListFile file;
        try
        {
            file = Read(bytes, isCsv, id, population, options.Value.Reader.Settings);
        }
        catch (InvalidDataException e)
        {
            return Problems.Invalid("the list", e.Message.ReplaceLineEndings(" "));
        }
        if (file.Records.Count > options.Value.Limits.BulkRows)
            return new BadContent(
                StatusCodes.Status413PayloadTooLarge,
                FormattableString.Invariant(
                    $"Expected at most {options.Value.Limits.BulkRows} records; nothing was taken. The console takes longer lists: map --partner {id} --file LIST.csv."
                ),
                "too_many_rows"
            );
        if (file.Records.Count == 0)
            return Problems.Invalid(
                "the list",
                file.Rejected is [var first, ..]
                    ? $"No record could be taken. The first: {first}"
                    : "The list is empty; a list is whole, and one without records would end all that is there."
            );
        return await TakeAsync(http, live, writes, id, file, bytes, dry_run);
    }

    /// <summary>Matches the list that is there again, after accounts changed or people decided</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<AccountListResponse>, NotFound>>, BadContent, Invalid, NotFound, Unavailable>
    > MatchAgainAsync(string id, HttpContext http, LiveRecommender live, Writes writes, bool dry_run = false) =>
        await TakeAsync(http, live, writes, id, null, [], dry_run);

    static AccountListFile Read(byte[] bytes, bool isCsv, string partner, string? population, ReaderSettings settings)
    {
        if (!isCsv)
            return AccountListReader.Read(
                Ndjson.Lines(bytes).Select(line => ((long)line.Number, line.Line)),
                partner,
                population,
                settings
            );
        var file = new UploadedFile("the list", bytes);
        return AccountListReader.Read(file, AccountListReader.MapOf(file, partner, population, settings));
    }

    /// <summary>Takes a list in, or matches the one that is there again: worked out beside the writer, and again if people decided meanwhile.</summary>
    public static async Task<
        Results<WriteOutcome<Results<Ok<AccountListResponse>, NotFound>>, BadContent, Invalid, NotFound, Unavailable>
    > TakeAsync(
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        string partner,
        AccountListFile? file,
        byte[] bytes,
        bool dryRun,
        Action<AccountListSummary>? taken = null
    )
    {
        if (!live.Answers)
            return Problems.NotReady(http);
        for (var tries = 1; ; tries++)
        {
            var (list, accounts) = live.Read((state, _) => (PartnerList.Of(state, partner), OurAccounts.Of(state)));
            if (list is null)
                return Problems.NotFound($"No partner has the id '{partner}'.");
            if (file is null && list.Records.Count == 0)
                return Problems.NotFound($"Partner {partner} has no list yet.");
            var at = Instants.ToMillisecond(live.Now());
            var (rows, summary) = await Task.Run(() => AccountListRun.Of(list, accounts(), file, at), http.RequestAborted);
            var isOutdated = false;
            var answer = await writes.RunAsync<Results<Ok<AccountListResponse>, NotFound>>(
                http,
                bytes,
                needsKey: false,
                dryRun,
                scope =>
                {
                    // What people decided meanwhile counts.
                    isOutdated = !list.IsStill(live.Read((state, _) => PartnerList.Of(state, partner)));
                    if (isOutdated)
                        throw new WriteRefusedException(
                            Problems.Conflict("The list, or what is held of it, changes all the time; try again.", "list_changes")
                        );
                    var response = Response(list, summary, file);
                    Write(scope, live.Events, partner, rows, response);
                    taken?.Invoke(summary);
                    return WriteAnswer.Of(response, ApiJson.Default.AccountListResponse);
                }
            );
            if (!isOutdated || tries == MostTries)
                return answer;
        }
    }

    static void Write(
        WriteScope scope,
        EventLog events,
        string partner,
        IReadOnlyList<HistoryRow> rows,
        AccountListResponse summary
    )
    {
        scope.Expect(rows);
        foreach (var row in rows)
            Writes.Take(scope, row, "The list does not fit the history; errors says where.");
        Telemetry.FactsTaken(rows.Count);
        events.Append(
            scope,
            new(
                "account_list.taken",
                partner,
                scope.Stamp,
                new Dictionary<string, object?>
                {
                    ["partner_id"] = partner,
                    ["records"] = summary.Records,
                    ["matched"] = summary.Matched,
                    ["confirmed"] = summary.Confirmed,
                    ["review"] = summary.Review,
                }
            )
        );
    }

    static AccountListResponse Response(PartnerList list, AccountListSummary summary, AccountListFile? file)
    {
        var isCounts = list.Sharing == "counts";
        int? Shown(int count) => isCounts && count < AccountMap.FewestShown ? null : count;
        return new(
            list.PartnerId.Value,
            summary.Records,
            summary.New,
            summary.Changed,
            summary.Unchanged,
            summary.Ended,
            Shown(summary.Matched),
            Shown(summary.Confirmed),
            Shown(summary.Review),
            Shown(summary.None),
            file?.Rejected.Count ?? 0,
            [
                .. (file?.Rejected ?? [])
                    .Take(MostErrorsListed)
                    .Select(row =>
                        Problems.ErrorOf(
                            isCounts ? row with { Found = "…" } : row,
                            FormattableString.Invariant($"line {row.Line}, {row.Column}")
                        )
                    ),
            ]
        );
    }
}
