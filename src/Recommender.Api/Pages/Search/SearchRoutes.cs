using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Search;

/// <summary>The start, and finding an account.</summary>
static class SearchRoutes
{
    const int MostFound = 8;

    public static void MapSearchPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/", Home);
        pages.MapPost("/search", SearchAsync).DisableAntiforgery();
        pages.MapPost("/search/list", SearchListAsync).DisableAntiforgery();
    }

    static RazorComponentResult Home(LiveRecommender live) =>
        Page<HomePage>(
            (nameof(HomePage.Deals), OpportunityRecommendationsApi.Rank(live, null, null, 0, 5)),
            (nameof(HomePage.Missing), OptionalFiles.Missing(live))
        );

    static async Task<(string Query, IReadOnlyList<Account> Found)> FindAsync(HttpContext http, LiveRecommender live, int limit)
    {
        var form = await FormAsync(http);
        var query = form["q"].ToString().Trim();
        if (query.Length > 200)
            query = query[..200];
        return (query, query.Length == 0 ? [] : live.Read((state, _) => state.FindAccounts(query, limit)));
    }

    static async Task<Results<RedirectHttpResult, RazorComponentResult>> SearchAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, 50);
        return found.Count == 1
            ? TypedResults.Redirect("/accounts/" + Uri.EscapeDataString(found[0].Id.Value))
            : Page<SearchPage>((nameof(SearchPage.Accounts), found), (nameof(SearchPage.Query), query));
    }

    static async Task<RazorComponentResult> SearchListAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, MostFound);
        return Page<SearchResults>((nameof(SearchResults.Accounts), found), (nameof(SearchResults.Query), query));
    }
}
