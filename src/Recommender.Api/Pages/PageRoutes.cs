using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.Handoffs;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Models;
using Recommender.Ranking;
using Recommender.Webhooks;

namespace Recommender.Api.Pages;

/// <summary>The pages: what they show is asked of the same code that answers the API.</summary>
static class PageRoutes
{
    const int DealsOfPage = 25;
    const int MostExported = 10_000;
    const int MostFound = 8;

    const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    // A report carries its own styles and drawings, and nothing that runs.
    const string ReportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        routes.MapAssets();
        var open = routes.MapGroup("").AllowAnonymous().ExcludeFromDescription().AddEndpointFilter(GuardAsync);
        open.MapGet("/sign-in", (HttpContext http, string? next) => SignIn(http, next, null));
        open.MapPost("/sign-in", SignInAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        open.MapGet("/sign-in/provider", (HttpContext http, string? next) => AtProvider(http, next));
        open.MapPost("/sign-out", (Delegate)SignOutAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        var pages = routes
            .MapGroup("")
            .RequireAuthorization("recommend")
            .ExcludeFromDescription()
            .AddEndpointFilter(GuardAsync)
            .AddEndpointFilter(WhenReadyAsync);
        pages.MapGet("/", Home);
        pages.MapPost("/search", SearchAsync).DisableAntiforgery();
        pages.MapPost("/search/list", SearchListAsync).DisableAntiforgery();
        pages.MapGet("/accounts/{id}", AccountAsync);
        pages.MapPost("/accounts/{id}/feedback", FeedbackAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        pages.MapGet("/accounts/{id}/compare", Compare);
        pages.MapGet("/accounts/{id}/partners/{partnerId}", Why);
        pages.MapGet("/accounts/{id}/partners/{partnerId}/handoff", HandoffAsync);
        pages
            .MapPost("/accounts/{id}/partners/{partnerId}/handoff", SendHandoffAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute());
        pages.MapMethods("/accounts/{id}/partners/{partnerId}/handover", ["GET", "POST"], MovedHandoff);
        pages.MapGet("/deals", Deals);
        pages.MapGet("/deals.csv", DealsCsv);
        pages.MapGet("/partners/{id}", Partner);
        pages.MapGet("/models", Models);
        pages.MapGet("/models/{model}/{version}/report", Report);
        var change = pages.MapGroup("/models/{model}").RequireAuthorization("admin");
        change.MapGet("/{version}/promote", (string model, string version) => Confirm(model, version));
        change.MapGet("/rollback", (string model) => Confirm(model, null));
        change.MapPost("/{version}/promote", ChangeAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        change
            .MapPost(
                "/rollback",
                (string model, HttpContext http, LiveRecommender live, Writes writes) =>
                    ChangeAsync(model, null, http, live, writes)
            )
            .WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    /// <summary>Headers that keep a page to itself, and forms whose token is not good.</summary>
    static async ValueTask<object?> GuardAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        Protect(http);
        if (http.Features.Get<IAntiforgeryValidationFeature>() is { IsValid: false })
            return Message(
                "The page was open for too long",
                "Nothing was done. Go back, load the page again and try once more.",
                400
            );
        return await next(context);
    }

    public static void Protect(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-cache, no-store";
        headers.Pragma = "no-cache";
    }

    static async ValueTask<object?> WhenReadyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var live = context.HttpContext.RequestServices.GetRequiredService<LiveRecommender>();
        if (live.Answers)
            return await next(context);
        context.HttpContext.Response.Headers.RetryAfter = "1";
        return Message("Just a moment", "The history is being read. Load the page again in a few seconds.", 503);
    }

    /// <summary>The form that was sent; none if it is another body.</summary>
    /// <exception cref="BadHttpRequestException">It is no form, or too large.</exception>
    static async Task<IFormCollection> FormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType)
            return FormCollection.Empty;
        try
        {
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (InvalidDataException e)
        {
            throw new BadHttpRequestException("The form could not be read.", e);
        }
    }

    /// <summary>A page of one sentence.</summary>
    public static RazorComponentResult Message(string heading, string text, int status = 200, string? back = null) =>
        Page<MessagePage>(
            status,
            (nameof(MessagePage.Heading), heading),
            (nameof(MessagePage.Text), text),
            (nameof(MessagePage.Back), back)
        );

    static RazorComponentResult Page<T>(int status, params (string Name, object? Value)[] parameters)
        where T : IComponent =>
        new(typeof(T), parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value))
        {
            StatusCode = status,
        };

    static RazorComponentResult Page<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent => Page<T>(200, parameters);

    static RazorComponentResult NoAccount() =>
        Message("No such account", "There is no account with this id, or the deal is not one of its own.", 404);

    static RazorComponentResult Home(LiveRecommender live) =>
        Page<HomePage>(
            (nameof(HomePage.Deals), OpportunityRecommendationsApi.Rank(live, null, null, 0, 5)),
            (nameof(HomePage.Missing), AccountView.Missing(live))
        );

    static async Task<(string Query, IReadOnlyList<Account> Found)> FindAsync(HttpContext http, LiveRecommender live, int limit)
    {
        var form = await FormAsync(http);
        var query = form["q"].ToString().Trim();
        if (query.Length > 200)
            query = query[..200];
        return (query, query.Length == 0 ? [] : live.Read((state, _) => state.FindAccounts(query, limit)));
    }

    static async Task<IResult> SearchAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, 50);
        return found.Count == 1
            ? Results.Redirect("/accounts/" + Uri.EscapeDataString(found[0].Id))
            : Page<SearchPage>((nameof(SearchPage.Accounts), found), (nameof(SearchPage.Query), query));
    }

    static async Task<IResult> SearchListAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, MostFound);
        return Page<SearchResults>((nameof(SearchResults.Accounts), found), (nameof(SearchResults.Query), query));
    }

    static async Task<IResult> AccountAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? deal = null,
        string? said = null
    )
    {
        if (await AccountView.OfAsync(live, Caller.Of(http), id, deal, http.RequestAborted) is not { } view)
            return NoAccount();
        return Page<AccountPage>(
            (nameof(AccountPage.View), view),
            (
                nameof(AccountPage.Stale),
                live.Read(
                    (state, asOf) => (asOf - state.SeenUntil).TotalDays is > 7 and < 100_000 and var days ? (long?)days : null
                )
            ),
            (
                nameof(AccountPage.Flash),
                said switch
                {
                    "accepted" => "Noted: the partner is on the deal. The ranking below counts it already.",
                    "declined" => "Noted: the partner is left out for this deal for 90 days.",
                    "won" or "lost" => $"Noted: the deal is {said}. It counts in every ranking from now on.",
                    "note" => "The note is kept.",
                    _ => null,
                }
            )
        );
    }

    static async Task<IResult> FeedbackAsync(string id, HttpContext http, LiveRecommender live, Writes writes)
    {
        var form = await FormAsync(http);
        string? Field(string name) => form[name].ToString() is { Length: > 0 } text ? text : null;
        var (deal, happened) = (Field("deal"), Field("event") ?? "");
        var request = new FeedbackRequest
        {
            RecommendationId = Field("recommendation_id"),
            AccountId = id,
            OpportunityId = deal,
            PartnerId = Field("partner_id") ?? "",
            Event = happened,
            Reason = happened == "declined" ? Field("reason") : null,
            Note = Field("note"),
        };
        // A form that is sent twice says it once.
        http.Request.Headers["Idempotency-Key"] = $"page-{Field("once")}-{happened}";
        var answer = await FeedbackApi.TakeAsync(
            http,
            live,
            writes,
            request,
            JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Default.FeedbackRequest),
            dryRun: false
        );
        var back = $"/accounts/{Uri.EscapeDataString(id)}?deal={Uri.EscapeDataString(deal ?? "none")}";
        return ProblemOf(answer, back) ?? Seen(http, $"{back}&said={happened}");
    }

    /// <summary>A page that says why something was not done; null if it was.</summary>
    static RazorComponentResult? ProblemOf(IResult answer, string back)
    {
        if (answer is not ProblemHttpResult { ProblemDetails: var problem })
            return null;
        var errors = problem.Extensions.TryGetValue("errors", out var list) ? (IReadOnlyList<ProblemError>)list! : [];
        return Message(
            "That was not done",
            errors.Count == 0 ? problem.Detail ?? "" : string.Join(" ", errors.Select(error => error.Message)),
            problem.Status ?? 500,
            back
        );
    }

    static IResult Seen(HttpContext http, string address)
    {
        http.Response.Headers.Location = address;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>One partner for an account's deal, with all reasons; null if there is none.</summary>
    static (RecommendedPartner Partner, double Expected)? All(LiveRecommender live, DealView view, string partnerId) =>
        live.Rank(
            new(view.Account.Id, default)
            {
                OpportunityId = view.Deal?.Id,
                Limit = 1,
                Reasons = int.MaxValue,
                Filters = new() { Include = [partnerId] },
            }
        )?.Recommendation
            is { Partners: [var partner] } answer
            ? (partner, answer.ExpectedScore)
            : null;

    static RazorComponentResult NotRanked(string id) =>
        Message(
            "This partner is not ranked for that deal",
            "It is not known, has not joined yet, works on the deal already, declined it, or a rule leaves it out.",
            404,
            "/accounts/" + Uri.EscapeDataString(id)
        );

    static RazorComponentResult Why(string id, string partnerId, LiveRecommender live, string? deal = null)
    {
        if (DealView.Of(live, id, deal) is not { } view)
            return NoAccount();
        return All(live, view, partnerId) is var (partner, expected)
            ? Page<WhyPage>(
                (nameof(WhyPage.View), view),
                (nameof(WhyPage.Partner), partner),
                (nameof(WhyPage.Expected), expected),
                (nameof(WhyPage.Facts), new FactBook(live.Store).FactsBetween(id, partnerId, 100))
            )
            : NotRanked(id);
    }

    static RazorComponentResult Compare(string id, LiveRecommender live, string[] partner, string? deal = null)
    {
        if (partner.Distinct().ToArray() is not [var first, var second])
            return Message(
                "Tick two partners",
                "Two partners are compared side by side; go back and tick two.",
                400,
                $"/accounts/{Uri.EscapeDataString(id)}"
            );
        if (DealView.Of(live, id, deal ?? "none") is not { } view)
            return NoAccount();
        return All(live, view, first) is var (left, _) && All(live, view, second) is var (right, _)
            ? Page<ComparePage>(
                (nameof(ComparePage.View), view),
                (nameof(ComparePage.Left), left),
                (nameof(ComparePage.Right), right)
            )
            : NotRanked(id);
    }

    /// <summary>Where the page stands that had another name before, for addresses that people kept.</summary>
    static RedirectHttpResult MovedHandoff(HttpContext http) =>
        TypedResults.Redirect(
            http.Request.Path.ToUriComponent().TrimEnd('/')[..^"handover".Length] + "handoff" + http.Request.QueryString,
            permanent: true,
            preserveMethod: true
        );

    static string HandoffOf(string id, string partnerId) =>
        $"/accounts/{Uri.EscapeDataString(id)}/partners/{Uri.EscapeDataString(partnerId)}/handoff";

    static async Task<IResult> HandoffAsync(
        string id,
        string partnerId,
        HttpContext http,
        LiveRecommender live,
        string? deal = null,
        string? sent = null
    )
    {
        if (
            DealView.Of(live, id, deal) is not { } view
            || await view.RecommendAsync(live, Caller.Of(http), http.RequestAborted) is not { } said
        )
            return NoAccount();
        if (All(live, view, partnerId) is not var (partner, _))
            return NotRanked(id);
        var packet = HandoffPacket.Fill(view.Account, view.Deal, partner, said.RecommendationId);
        packet["introduction"] = HandoffPacket.Introduction(view.Account, view.Deal, partner);
        return Page<HandoffPage>(
            (nameof(HandoffPage.View), view),
            (nameof(HandoffPage.Partner), partner),
            (nameof(HandoffPage.RecommendationId), said.RecommendationId),
            (nameof(HandoffPage.Packet), packet),
            (nameof(HandoffPage.Once), Guid.NewGuid().ToString("N")),
            (nameof(HandoffPage.CanSend), live.Events.Webhooks.Any(webhook => webhook.Wants("handoff.sent"))),
            (nameof(HandoffPage.Sent), sent is null ? null : "The packet is on its way to the PRM, and in the journal.")
        );
    }

    static async Task<IResult> SendHandoffAsync(
        string id,
        string partnerId,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        var packet = HandoffPacket
            .Fields.Select(field => field.Name)
            .Append("introduction")
            .ToDictionary(name => name, name => form[name].ToString() is { Length: <= 4000 } text ? text : "");
        var (to, deal) = (form["to"].ToString(), form["deal"].ToString());
        var data = new Dictionary<string, object?>
        {
            ["account_id"] = id,
            ["opportunity_id"] = deal.Length > 0 ? deal : null,
            ["partner_id"] = partnerId,
            ["recommendation_id"] = form["recommendation_id"].ToString(),
            ["complete"] = FormattableString.Invariant($"{HandoffPacket.Filled(packet)}/{HandoffPacket.Fields.Count}"),
            ["packet"] = packet,
        };
        http.Request.Headers["Idempotency-Key"] = $"page-{form["once"]}-{to}";
        var answer = await writes.RunAsync(
            http,
            JsonSerializer.SerializeToUtf8Bytes(packet),
            needsKey: true,
            dryRun: false,
            scope =>
            {
                live.Events.Append(
                    scope,
                    new(to == "prm" ? "handoff.sent" : "handoff.prepared", $"{id}/{partnerId}", scope.Stamp, data)
                );
                return WriteAnswer.Of(new TestEventResponse("kept"), ApiJson.Default.TestEventResponse);
            }
        );
        var page = $"{HandoffOf(id, partnerId)}?deal={Uri.EscapeDataString(deal.Length > 0 ? deal : "none")}";
        if (ProblemOf(answer, page) is { } told)
            return told;
        var name = $"handoff-{id}-{partnerId}";
        return to switch
        {
            "markdown" => Results.File(
                Encoding.UTF8.GetBytes(HandoffPacket.Markdown($"Handoff: {id} to {partnerId}", packet)),
                "text/markdown; charset=utf-8",
                name + ".md"
            ),
            "json" => Results.File(JsonSerializer.SerializeToUtf8Bytes(data, _indented), "application/json", name + ".json"),
            _ => Seen(http, page + "&sent=1"),
        };
    }

    static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>What the list is narrowed to.</summary>
    sealed record Wanted(string? Owner, string? Region, string? Industry, string? Partner)
    {
        public static Wanted Of(HttpContext http)
        {
            string? Value(string name) => http.Request.Query[name].ToString() is { Length: > 0 and <= 200 } text ? text : null;
            return new(Value("owner"), Value("region"), Value("industry"), Value("partner"));
        }

        public Func<Opportunity, bool> On(LiveRecommender live)
        {
            var places =
                Region is null && Industry is null
                    ? null
                    : live.Read(
                        (state, _) =>
                            state
                                .Accounts.Where(account =>
                                    (Region is null || account.Region == Region)
                                    && (Industry is null || account.Industry == Industry)
                                )
                                .Select(account => account.Id)
                                .ToHashSet()
                    );
            return deal =>
                (Owner is null || deal.Owner is { } owner && Format.Token(owner) == Owner)
                && (places is null || places.Contains(deal.AccountId));
        }
    }

    static RazorComponentResult Deals(HttpContext http, LiveRecommender live, int page = 1)
    {
        page = Math.Clamp(page, 1, 100_000);
        var wanted = Wanted.Of(http);
        var list = OpportunityRecommendationsApi.Rank(
            live,
            wanted.Partner,
            wanted.On(live),
            (page - 1) * DealsOfPage,
            DealsOfPage
        );
        var deals = live.Index.Deals.ToList();
        var (regions, industries, partners) = live.Read(
            (state, _) =>
            {
                var accounts = deals
                    .Select(deal => deal.AccountId)
                    .Distinct()
                    .Select(state.FindAccount)
                    .OfType<Account>()
                    .ToList();
                return (
                    accounts
                        .Select(account => account.Region)
                        .OfType<string>()
                        .Distinct()
                        .Order(StringComparer.OrdinalIgnoreCase)
                        .ToList(),
                    accounts
                        .Select(account => account.Industry)
                        .OfType<string>()
                        .Distinct()
                        .Order(StringComparer.OrdinalIgnoreCase)
                        .ToList(),
                    live.Index.Partners.Select(id => (id, state.FindPartner(id)?.Name ?? id))
                        .OrderBy(one => one.Item2, StringComparer.OrdinalIgnoreCase)
                        .ToList()
                );
            }
        );
        var owners = deals.Select(deal => deal.Owner).OfType<string>().Distinct().Order(StringComparer.OrdinalIgnoreCase);
        return Page<DealsPage>(
            (nameof(DealsPage.List), list),
            (nameof(DealsPage.Page), page),
            (nameof(DealsPage.Pages), Math.Max(1, (list.Total + DealsOfPage - 1) / DealsOfPage)),
            (
                nameof(DealsPage.Filters),
                new List<DealsPage.Filter>
                {
                    new("owner", "Owner", wanted.Owner, [.. owners.Select(owner => (Format.Token(owner), owner))]),
                    new("region", "Region", wanted.Region, [.. regions.Select(region => (region, region))]),
                    new(
                        "industry",
                        "Industry",
                        wanted.Industry,
                        [.. industries.Select(industry => (industry, Format.Plain(industry)))]
                    ),
                    new("partner", "Partner", wanted.Partner, partners),
                }
            )
        );
    }

    static IResult DealsCsv(HttpContext http, LiveRecommender live)
    {
        var wanted = Wanted.Of(http);
        var asOf = live.Read((_, asOf) => asOf);
        var found = live.Index.Find(wanted.Partner, wanted.On(live), asOf, 0, MostExported, out _);
        var text = new StringBuilder(
            "rank,account_id,account,opportunity_id,product,amount,currency,expected_close_at,owner,partner_id,partner,lift,win_probability,added_value\n"
        );
        live.Read(
            (state, _) =>
            {
                for (var i = 0; i < found.Count; i++)
                {
                    var ((deal, _, _), option) = found[i];
                    string?[] cells =
                    [
                        (i + 1).ToString(CultureInfo.InvariantCulture),
                        deal.AccountId,
                        state.FindAccount(deal.AccountId)?.Name,
                        deal.Id,
                        deal.Product,
                        deal.Amount?.ToString(CultureInfo.InvariantCulture),
                        deal.Currency,
                        deal.ExpectedCloseAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                        deal.Owner,
                        option.PartnerId,
                        state.FindPartner(option.PartnerId)?.Name,
                        Known(option.Lift),
                        Known(option.WinProbability),
                        Known(option.Lift * deal.Amount ?? double.NaN),
                    ];
                    text.AppendJoin(',', cells.Select(Cell)).Append('\n');
                }
                return 0;
            }
        );
        return Results.File(Encoding.UTF8.GetBytes(text.ToString()), "text/csv; charset=utf-8", "co-sell-list.csv");
    }

    static string Known(double value) => double.IsNaN(value) ? "" : value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A cell as RFC 4180 has it, and none that a spreadsheet takes for a formula.</summary>
    static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (
            text[0] is '=' or '+' or '@' or '\t'
            || text[0] == '-' && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
        )
            text = "'" + text;
        return text.AsSpan().ContainsAny("\",\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    static RazorComponentResult Partner(string id, LiveRecommender live) =>
        PartnerView.Of(live, id) is { } view
            ? Page<PartnerPage>((nameof(PartnerPage.View), view))
            : Message("No such partner", "There is no partner with this id.", 404);

    static RazorComponentResult Models(HttpContext http, LiveRecommender live, string? done = null) =>
        Page<ModelsPage>(
            (nameof(ModelsPage.Manifests), live.Registry.List()),
            (nameof(ModelsPage.Live), live.Versions),
            (
                nameof(ModelsPage.Happened),
                (IReadOnlyList<LoggedEvent>)
                    [
                        .. live
                            .Events.Newest("model.promoted", 10)
                            .Concat(live.Events.Newest("model.rolled_back", 10))
                            .OrderByDescending(one => one.Sequence)
                            .Take(10),
                    ]
            ),
            (nameof(ModelsPage.Drift), live.Events.Newest("drift.detected", 1) is [var drift] ? drift : null),
            (
                nameof(ModelsPage.MayChange),
                http.User.FindAll(claim => claim.Type is "scope" or "scp")
                    .SelectMany(claim => claim.Value.Split(' '))
                    .Contains("admin")
            ),
            (
                nameof(ModelsPage.Flash),
                done is null ? null : "Done. Every answer from now on comes from the version shown as live."
            )
        );

    static IResult Report(string model, string version, HttpContext http, LiveRecommender live)
    {
        if (
            live.Registry.List().FirstOrDefault(manifest => manifest.Model == model && manifest.Version == version)
            is not { } found
        )
            return Message("No such report", "There is no package of this model and version.", 404, "/models");
        var path = Path.Combine(live.Registry.PathOf(found.Model, found.Version), "report.html");
        if (!File.Exists(path))
            return Message("No report", "This package was made elsewhere and has no report.", 404, "/models");
        http.Response.Headers.ContentSecurityPolicy = ReportPolicy;
        return Results.File(File.ReadAllBytes(path), "text/html; charset=utf-8");
    }

    static RazorComponentResult Confirm(string model, string? version) =>
        !ModelRegistry.Models.Contains(model)
            ? Message("No such model", "There is no model of this name.", 404, "/models")
            : Page<ConfirmPage>(
                (nameof(ConfirmPage.Heading), version is null ? $"Roll {model} back?" : $"Promote {model} {version}?"),
                (
                    nameof(ConfirmPage.Text),
                    version is null
                        ? "The version that was live before answers again, at once and for everybody."
                        : "It is checked, then it answers, at once and for everybody. What was said before stays in the journal."
                ),
                (
                    nameof(ConfirmPage.Action),
                    version is null ? $"/models/{model}/rollback" : $"/models/{model}/{Uri.EscapeDataString(version)}/promote"
                ),
                (nameof(ConfirmPage.Once), Guid.NewGuid().ToString("N"))
            );

    static async Task<IResult> ChangeAsync(string model, string? version, HttpContext http, LiveRecommender live, Writes writes)
    {
        var form = await FormAsync(http);
        http.Request.Headers["Idempotency-Key"] = $"page-{form["once"]}";
        var answer = await ModelsApi.ChangeAsync(model, version, [], http, live, writes, dryRun: false);
        return ProblemOf(answer, "/models") ?? Seen(http, "/models?done=1");
    }

    static RazorComponentResult SignIn(HttpContext http, string? next, string? fault, int status = 200) =>
        Page<SignInPage>(
            status,
            (nameof(SignInPage.Fault), fault),
            (nameof(SignInPage.Next), Local(next)),
            (
                nameof(SignInPage.HasProvider),
                http.RequestServices.GetRequiredService<IOptions<RecommenderOptions>>().Value.Auth.Oidc.Authority is not null
            )
        );

    static async Task<IResult> SignInAsync(HttpContext http, KeyRing keys)
    {
        var form = await FormAsync(http);
        if (keys.Find(form["key"].ToString().Trim()) is not { } key)
            return SignIn(
                http,
                form["next"],
                "This key is not good: it is mistyped or revoked.",
                StatusCodes.Status401Unauthorized
            );
        keys.Used(key);
        await http.SignInAsync(PageAuth.Scheme, PageAuth.Of(key));
        return Seen(http, Local(form["next"]));
    }

    static IResult AtProvider(HttpContext http, string? next) =>
        http.RequestServices.GetRequiredService<IOptions<RecommenderOptions>>().Value.Auth.Oidc.Authority is null
            ? Message("No provider", "No OpenID Connect provider is configured.", 404)
            : Results.Challenge(new() { RedirectUri = Local(next) }, [PageAuth.ProviderScheme]);

    static async Task<IResult> SignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(PageAuth.Scheme);
        return Seen(http, "/sign-in");
    }

    /// <summary>An address of ours; the start for any other.</summary>
    static string Local(string? address) => address is ['/', not ('/' or '\\'), ..] ? address : "/";
}
