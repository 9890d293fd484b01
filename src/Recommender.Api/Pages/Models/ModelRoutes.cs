using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Models;
using Recommender.Webhooks;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Models;

/// <summary>Model packages: their reports, and which of them answer.</summary>
static class ModelRoutes
{
    // A report carries its own styles and drawings, and nothing that runs.
    const string ReportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";

    public static void MapModelPages(this IEndpointRouteBuilder pages)
    {
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

    static Results<FileContentHttpResult, RazorComponentResult> Report(
        string model,
        string version,
        HttpContext http,
        LiveRecommender live
    )
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
        return TypedResults.File(File.ReadAllBytes(path), "text/html; charset=utf-8");
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

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> ChangeAsync(
        string model,
        string? version,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        http.Request.Headers["Idempotency-Key"] = $"page-{form["once"]}";
        var answer = await ModelsApi.ChangeAsync(model, version, [], http, live, writes, dryRun: false);
        return ProblemOf(answer, "/models") is { } told ? told : Seen(http, "/models?done=1");
    }
}
