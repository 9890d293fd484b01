using System.Globalization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Api.Endpoints;
using Recommender.Capabilities.Conflicts;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Conflicts;

/// <summary>Conflicts on accounts: what is to be decided, and one with its sides, evidence and decision.</summary>
static class ConflictRoutes
{
    const int OfPage = 25;

    public static void MapConflictPages(this IEndpointRouteBuilder pages)
    {
        var group = pages.MapGroup("/conflicts");
        group.MapGet("", ListAsync);
        group.MapGet("/{id}", LookAsync);
        group.MapPost("/{id}/decide", DecideAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    public static string PageOf(string id) => $"/conflicts/{Uri.EscapeDataString(id)}";

    static async Task<RazorComponentResult> ListAsync(
        HttpContext http,
        LiveRecommender live,
        string state = "open",
        string? page = null
    )
    {
        if (!AccountConflict.States.Contains(state))
            state = "open";
        var at = NumberOf(page);
        await live.Accounts.SettledAsync(null, http.RequestAborted);
        var rules = live.Rules;
        var (rows, kinds) = live.Read(
            (fold, asOf) =>
            {
                var found = ConflictList.Of(fold, state).ToList();
                if (state != "open")
                    found.Reverse();
                return (
                    found.Skip((at - 1) * OfPage).Take(OfPage).Select(one => ConflictView.Of(fold, rules, one, asOf)).ToList(),
                    found.CountBy(one => one.Found.Kind).Select(pair => (pair.Key, pair.Value)).ToList()
                );
            }
        );
        var total = kinds.Sum(kind => kind.Value);
        return Page<ConflictsPage>(
            (nameof(ConflictsPage.State), state),
            (nameof(ConflictsPage.Rows), rows),
            (nameof(ConflictsPage.Kinds), kinds),
            (nameof(ConflictsPage.Total), total),
            (nameof(ConflictsPage.At), at),
            (nameof(ConflictsPage.HasMore), at * OfPage < total)
        );
    }

    static async Task<RazorComponentResult> LookAsync(string id, HttpContext http, LiveRecommender live)
    {
        await live.Accounts.SettledAsync(ConflictsApi.AccountOf(live, id), http.RequestAborted);
        var rules = live.Rules;
        return
            live.Read((fold, asOf) => ConflictList.Find(fold, id) is { } found ? ConflictView.Of(fold, rules, found, asOf) : null)
                is { } view
            ? Page<ConflictPage>((nameof(ConflictPage.View), view))
            : Message("No such conflict", "There is no conflict with this id.", 404, "/conflicts");
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> DecideAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
    {
        var form = await FormAsync(http);
        var decides = form["action"] == "decide";
        var request = new ConflictDecisionRequest
        {
            Decision = decides ? form["decision"].ToString() : null,
            Reason = form["reason"].ToString().Trim(),
        };
        if (request.Faults(decides) is [var fault, ..])
            return Message(
                "That was not done",
                fault.Pointer == "/reason" ? "Say why, in a sentence that both sides can read." : fault.Message,
                400,
                PageOf(id)
            );
        // Who decides on what was changed meanwhile, or twice, is told so.
        var seen = long.TryParse(form["seen"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var steps)
            ? steps
            : 0;
        var answer = await ConflictsApi.TakeAsync(http, live, writes, id, request, [], seen, dryRun: false);
        return ProblemOf(answer, PageOf(id)) is { } told ? told : Seen(http, PageOf(id));
    }
}
