using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Search;

/// <summary>The start, and finding an account or a partner.</summary>
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

    /// <summary>Accounts first, then partners; as many of each as there is room for.</summary>
    static async Task<(string Query, IReadOnlyList<FoundName> Found)> FindAsync(HttpContext http, LiveRecommender live, int limit)
    {
        var form = await FormAsync(http);
        var query = form["q"].ToString().Trim();
        if (query.Length > 200)
            query = query[..200];
        if (query.Length == 0)
            return (query, []);
        var (accounts, partners) = live.Read((state, _) => (state.FindAccounts(query, limit), state.FindPartners(query, limit)));
        return (
            query,
            [
                .. accounts.Take(limit - Math.Min(partners.Count, limit / 2)).Select(FoundName.Of),
                .. partners.Take(limit - Math.Min(accounts.Count, limit / 2)).Select(FoundName.Of),
            ]
        );
    }

    static async Task<Results<RedirectHttpResult, RazorComponentResult>> SearchAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, 50);
        return found is [var only]
            ? TypedResults.Redirect(only.Address)
            : Page<SearchPage>((nameof(SearchPage.Found), found), (nameof(SearchPage.Query), query));
    }

    static async Task<RazorComponentResult> SearchListAsync(HttpContext http, LiveRecommender live)
    {
        var (query, found) = await FindAsync(http, live, MostFound);
        return Page<SearchResults>((nameof(SearchResults.Found), found), (nameof(SearchResults.Query), query));
    }
}

/// <summary>What was found by a name.</summary>
/// <param name="Address">Where its page is.</param>
/// <param name="Name">Its name, or its id if it has none.</param>
/// <param name="Detail">What tells it from others of that name.</param>
public sealed record FoundName(string Address, string Name, string Detail)
{
    internal static FoundName Of(Account account) =>
        new(
            "/accounts/" + Uri.EscapeDataString(account.Id.Value),
            account.Name ?? account.Id.Value,
            Joined(account.Industry, account.Region, account.Country)
        );

    internal static FoundName Of(Partner partner) =>
        new(
            "/partners/" + Uri.EscapeDataString(partner.Id.Value),
            partner.Name ?? partner.Id.Value,
            Joined("partner", partner.PartnerType, partner.Tier)
        );

    static string Joined(params IEnumerable<string?> parts) =>
        string.Join(", ", parts.Where(part => !string.IsNullOrEmpty(part)));
}
