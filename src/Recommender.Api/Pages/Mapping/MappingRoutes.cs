using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Recommender.Api.Endpoints;
using Recommender.Api.Pages.Imports;
using Recommender.Capabilities.Mapping;
using Recommender.Facts;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Mapping;

/// <summary>Who else holds our accounts: the map of a partner, its list taken in, and what a person has to decide.</summary>
static class MappingRoutes
{
    const int RoomForForm = 64 * 1024;
    const int MatchesOfPage = 50;

    public static void MapMappingPages(this IEndpointRouteBuilder pages)
    {
        var partner = pages.MapGroup("/partners/{id}");
        partner.MapGet("/map", Map);
        partner.MapGet("/map/accounts", Accounts);
        partner.MapGet("/review", Review);
        partner.MapGet("/matches", Matches);
        partner.MapPost("/matches", DecideAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        var lists = partner.MapGroup("/list").RequireAuthorization("ingest");
        var most = pages.ServiceProvider.GetRequiredService<IOptions<RecommenderOptions>>().Value.Limits.BulkBytes;
        lists
            .MapPost("", SendAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute(), new RequestSizeLimitAttribute(most + RoomForForm));
        lists.MapPost("/match", MatchAgainAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        lists.MapGet("/{file}", LookAsync);
        lists.MapPost("/{file}", LookAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        lists.MapPost("/{file}/map", KeepMapAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        lists.MapPost("/{file}/rows", TakeAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    static string PageOf(string id) => $"/partners/{Uri.EscapeDataString(id)}";

    static RazorComponentResult Unknown() => Message("No such partner", "There is no partner with this id.", 404);

    static bool IsCountsOnly(LiveRecommender live, string id) =>
        live.Read((state, _) => MappingCapability.SharesCountsOnly(state, id));

    static RazorComponentResult? CountsOnly(LiveRecommender live, string id) =>
        IsCountsOnly(live, id)
            ? Message("This partner shares counts only", new CountsOnly().Detail, 403, PageOf(id) + "/map")
            : null;

    static RazorComponentResult Map(string id, HttpContext http, LiveRecommender live) =>
        live.Read((state, asOf) => (Map: AccountMap.Of(state, id, asOf), state.FindPartner(id)?.Name)) is ({ } map, var name)
            ? Page<AccountMapPage>(
                (nameof(AccountMapPage.Map), map),
                (nameof(AccountMapPage.Name), name ?? id),
                (nameof(AccountMapPage.MayTake), Auth.Grants(http.User, "ingest"))
            )
            : Unknown();

    static RazorComponentResult Accounts(string id, LiveRecommender live, string? ours = null, string? theirs = null)
    {
        if (
            ours is null
            || theirs is null
            || !AccountMap.Populations.Contains(ours)
            || !AccountMap.Populations.Contains(theirs)
            || live.Read((state, _) => state.FindPartner(id)) is not { } partner
        )
            return Unknown();
        return CountsOnly(live, id)
            ?? Page<MappedAccountsPage>(
                (nameof(MappedAccountsPage.Name), partner.Name ?? id),
                (nameof(MappedAccountsPage.List), AccountMapApi.Mapped(live, id, ours, theirs))
            );
    }

    static RazorComponentResult Review(string id, LiveRecommender live, string? record = null, string? account = null)
    {
        if (live.Read((state, _) => state.FindPartner(id)) is not { } partner)
            return Unknown();
        if (CountsOnly(live, id) is { } told)
            return told;
        var (waiting, found) = live.Read(
            (state, asOf) =>
                (
                    MatchList.Waiting(state, id, asOf),
                    MatchList.Of(state, id, "review", (record ?? "", account ?? ""), 1, asOf) is [var first] ? first : null
                )
        );
        return Page<ReviewPage>(
            (nameof(ReviewPage.PartnerId), id),
            (nameof(ReviewPage.Name), partner.Name ?? id),
            (nameof(ReviewPage.Pair), found),
            (nameof(ReviewPage.Waiting), waiting),
            (nameof(ReviewPage.HasSkipped), record is not null)
        );
    }

    static RazorComponentResult Matches(
        string id,
        HttpContext http,
        LiveRecommender live,
        string state = "matched",
        string? cursor = null
    )
    {
        if (live.Read((fold, _) => fold.FindPartner(id)) is not { } partner)
            return Unknown();
        if (CountsOnly(live, id) is { } told)
            return told;
        var after = Cursor.Read(cursor, 2) ?? ["", ""];
        var (items, next) = live.Read((fold, asOf) => MatchesApi.Found(fold, id, state, after, MatchesOfPage, asOf));
        return Page<MatchesPage>(
            (nameof(MatchesPage.PartnerId), id),
            (nameof(MatchesPage.Name), partner.Name ?? id),
            (nameof(MatchesPage.State), state),
            (nameof(MatchesPage.Items), items),
            (nameof(MatchesPage.Next), next)
        );
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> DecideAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        var (record, account) = (form["record"].ToString(), form["account"].ToString());
        if (!Enum.TryParse<MatchAction>(form["action"].ToString(), ignoreCase: true, out var action))
            return Message("That was not done", "The page sent something that is no decision.", 400, PageOf(id) + "/review");
        var back = Local(form["back"].ToString());
        var answer = await MatchesApi.DecideAsync(http, live, writes, id, record, account, action, [], dryRun: false);
        return ProblemOf(answer, back) is { } told ? told : Seen(http, back);
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> SendAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Uploads uploads
    )
    {
        if (IsCountsOnly(live, id))
            return Message(
                "This partner shares counts only",
                "A page would show its list. Send it to POST /v1/partners/{id}/account-list, or take it in by the console; both show counts.",
                403,
                PageOf(id) + "/map"
            );
        var form = await FormAsync(http);
        if (form.Files.GetFile("file") is not { Length: > 0 } file)
            return Message("No list was sent", "Choose the partner's list as a file.", 400, PageOf(id) + "/map");
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, http.RequestAborted);
        var kept = uploads.Keep(
            Caller.Of(http),
            MappingCapability.PartnerAccounts,
            new(Path.GetFileName(file.FileName), bytes.ToArray())
        );
        return Seen(http, $"{PageOf(id)}/list/{kept}?population={Uri.EscapeDataString(form["population"].ToString())}");
    }

    static async Task<RazorComponentResult> LookAsync(
        string id,
        string file,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    ) => await ViewAsync(id, file, http, uploads, options) is { } view ? Page<MapPage>((nameof(MapPage.View), view)) : Gone(id);

    static async Task<Results<FileContentHttpResult, RazorComponentResult>> KeepMapAsync(
        string id,
        string file,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    ) =>
        await ViewAsync(id, file, http, uploads, options) is { } view
            ? TypedResults.File(
                Encoding.UTF8.GetBytes(view.Map + "\n"),
                "application/json",
                Path.GetFileNameWithoutExtension(view.File.Name) + ".map.json"
            )
            : Gone(id);

    static async Task<RazorComponentResult> TakeAsync(
        string id,
        string file,
        HttpContext http,
        LiveRecommender live,
        Uploads uploads,
        Writes writes,
        IOptions<RecommenderOptions> options
    )
    {
        if (await ViewAsync(id, file, http, uploads, options) is not { } view)
            return Gone(id);
        AccountListFile list;
        try
        {
            list = view.Read(options.Value.Reader.Settings, AccountListReader.Read);
        }
        catch (InvalidDataException e)
        {
            return Page<MapPage>(400, (nameof(MapPage.View), view with { Fault = e.Message }));
        }
        return await TakenAsync(id, http, live, writes, options, list, view.File.Bytes, () => uploads.Forget(file));
    }

    static async Task<RazorComponentResult> MatchAgainAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options
    ) => await TakenAsync(id, http, live, writes, options, null, []);

    static async Task<RazorComponentResult> TakenAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes,
        IOptions<RecommenderOptions> options,
        AccountListFile? list,
        byte[] bytes,
        Action? forget = null
    )
    {
        if (list?.Records.Count > options.Value.Limits.BulkRows)
            return Message(
                "Too many records for a page",
                FormattableString.Invariant(
                    $"At most {options.Value.Limits.BulkRows} records are taken in here; nothing was. Take the list in by the console: map --partner {id} --file LIST.csv."
                ),
                413,
                PageOf(id) + "/map"
            );
        AccountListSummary? summary = null;
        var answer = await AccountListsApi.TakeAsync(
            http,
            live,
            writes,
            id,
            list,
            bytes,
            dryRun: false,
            taken: one => summary = one
        );
        if (ProblemOf(answer, PageOf(id) + "/map") is { } told)
            return told;
        forget?.Invoke();
        if (IsCountsOnly(live, id))
            return Message("The list is matched", "The map says what came of it.", 200, PageOf(id) + "/map");
        return Page<ListTakenPage>(
            (nameof(ListTakenPage.PartnerId), id),
            (nameof(ListTakenPage.Summary), summary),
            (nameof(ListTakenPage.Rejected), list?.Rejected ?? [])
        );
    }

    /// <summary>The file as it would be read; what nobody chose is suggested as lists are usually called.</summary>
    static async Task<ImportView?> ViewAsync(
        string id,
        string file,
        HttpContext http,
        Uploads uploads,
        IOptions<RecommenderOptions> options
    )
    {
        if (uploads.Find(file, Caller.Of(http)) is not var (table, sent) || table != MappingCapability.PartnerAccounts)
            return null;
        var said = http.Request.Query["population"].ToString();
        var population = AccountMap.Populations.Contains(said) ? said : null;
        var set = new Dictionary<string, string> { ["partner_id"] = id };
        if (population is not null)
            set["population"] = population;
        var settings = options.Value.Reader.Settings;
        IReadOnlyDictionary<string, string> columns;
        try
        {
            columns = AccountListReader.ColumnsOf(sent, AccountListReader.Map(id, population, settings));
        }
        catch (InvalidDataException)
        {
            // The page says what is wrong with the file.
            columns = new Dictionary<string, string>();
        }
        return ImportView.Of(
            file,
            table,
            sent,
            await FormAsync(http),
            settings,
            new($"{PageOf(id)}/list/{file}", $"?population={population}", set, columns, AccountListReader.PopulationWords)
        );
    }

    static RazorComponentResult Gone(string id) =>
        Message("The file is not here any more", "Files are kept for an hour. Send it again.", 404, PageOf(id) + "/map");
}
