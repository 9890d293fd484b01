using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Recommender.Api.Endpoints;
using Recommender.Facts;
using Recommender.Ranking;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Imports;

/// <summary>A file of rows: what each column is said to be, the first rows as they would be read, the map to keep, and the rows taken in.</summary>
static class ImportRoutes
{
    /// <summary>Bytes of a form beside the file in it.</summary>
    const int RoomForForm = 64 * 1024;

    public static void MapImportPages(this IEndpointRouteBuilder pages)
    {
        var import = pages.MapGroup("/import").RequireAuthorization("ingest");
        import.MapGet("", () => Page<ImportPage>());
        var most = pages.ServiceProvider.GetRequiredService<IOptions<RecommenderOptions>>().Value.Limits.BulkBytes;
        import
            .MapPost("", SendAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute(), new RequestSizeLimitAttribute(most + RoomForForm));
        import.MapGet("/{id}", LookAsync);
        import.MapPost("/{id}", LookAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        import.MapPost("/{id}/map", MapAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        import.MapPost("/{id}/rows", TakeAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> SendAsync(HttpContext http, Uploads uploads)
    {
        var form = await FormAsync(http);
        if (FactTables.Find(form["table"].ToString()) is not { Kind: not null } table)
            return Page<ImportPage>(400, (nameof(ImportPage.Fault), "Say which table the file holds."));
        if (form.Files.GetFile("file") is not { Length: > 0 } file)
            return Page<ImportPage>(400, (nameof(ImportPage.Fault), "Choose a file."));
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, http.RequestAborted);
        var id = uploads.Keep(Caller.Of(http), table, new(Path.GetFileName(file.FileName), bytes.ToArray()));
        return Seen(http, $"/import/{id}");
    }

    static async Task<RazorComponentResult> LookAsync(
        string id,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    ) => await ViewAsync(id, http, uploads, options) is { } view ? Page<MapPage>((nameof(MapPage.View), view)) : Gone();

    static async Task<Results<FileContentHttpResult, RazorComponentResult>> MapAsync(
        string id,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    ) =>
        await ViewAsync(id, http, uploads, options) is { } view
            ? TypedResults.File(
                Encoding.UTF8.GetBytes(view.Map + "\n"),
                "application/json",
                Path.GetFileNameWithoutExtension(view.File.Name) + ".map.json"
            )
            : Gone();

    static async Task<RazorComponentResult> TakeAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Uploads uploads,
        Writes writes,
        IOptions<RecommenderOptions> options
    )
    {
        if (await ViewAsync(id, http, uploads, options) is not { } view)
            return Gone();
        var (rows, rejected) = (new List<(long Line, HistoryRow Row)>(), new List<RejectedRow>());
        try
        {
            foreach (var (line, row, why) in view.Read(options.Value.Reader.Settings))
            {
                if (row is not null)
                    rows.Add((line, row));
                else
                    rejected.Add(why!);
                if (rows.Count > options.Value.Limits.BulkRows)
                    return Message(
                        "Too many rows for a page",
                        FormattableString.Invariant(
                            $"At most {options.Value.Limits.BulkRows} rows are taken in here; nothing was. Keep the map and take the file in by the console: import --history FOLDER --map FILE."
                        ),
                        413,
                        $"/import/{id}"
                    );
            }
        }
        catch (InvalidDataException e)
        {
            return Page<MapPage>(400, (nameof(MapPage.View), view with { Fault = e.Message }));
        }
        HistoryResponse? done = null;
        var answer = await writes.RunAsync<Ok<HistoryResponse>>(
            http,
            view.File.Bytes,
            needsKey: false,
            dryRun: false,
            scope =>
            {
                done = HistoryApi.Take(scope, live.Events, rows, rejected, strict: false);
                return WriteAnswer.Of(done, ApiJson.Default.HistoryResponse);
            }
        );
        if (ProblemOf(answer, $"/import/{id}") is { } told)
            return told;
        uploads.Forget(id);
        return Page<ImportedPage>(
            (nameof(ImportedPage.File), view.File.Name),
            (
                nameof(ImportedPage.Taken),
                done!.Accepted == 0
                    ? null
                    : FormattableString.Invariant(
                        $"{Format.Count(done.Accepted, "row")} taken: {done.Inserted} new, {done.Updated} changed, {done.Unchanged} as before."
                    )
            ),
            (nameof(ImportedPage.Rejected), done.Rejected),
            (
                nameof(ImportedPage.Errors),
                (IReadOnlyList<string>)[.. done.Errors.Select(error => $"{error.Pointer}: {error.Message}")]
            ),
            (
                nameof(ImportedPage.Warnings),
                (IReadOnlyList<string>)
                    [
                        .. done.Warnings.Select(one =>
                            FormattableString.Invariant(
                                $"{one.Field} in {Format.Count(one.Rows, "row")}, the first on line {one.Line}: {one.Meaning}"
                            )
                        ),
                    ]
            )
        );
    }

    static async Task<ImportView?> ViewAsync(
        string id,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    ) =>
        uploads.Find(id, Caller.Of(http)) is var (table, file)
            ? ImportView.Of(id, table, file, await FormAsync(http), options.Value.Reader.Settings)
            : null;

    static RazorComponentResult Gone() =>
        Message("The file is not here any more", "Files are kept for an hour. Send it again.", 404, "/import");
}
