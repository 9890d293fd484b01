using Microsoft.AspNetCore.Antiforgery;
using Recommender.Api.Pages.Accounts;
using Recommender.Api.Pages.Conflicts;
using Recommender.Api.Pages.CoSellList;
using Recommender.Api.Pages.Handoffs;
using Recommender.Api.Pages.Imports;
using Recommender.Api.Pages.Leads;
using Recommender.Api.Pages.Mapping;
using Recommender.Api.Pages.Models;
using Recommender.Api.Pages.Partners;
using Recommender.Api.Pages.Registrations;
using Recommender.Api.Pages.Search;
using Recommender.Api.Pages.SignIn;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages;

/// <summary>The pages: what they show is asked of the same code that answers the API.</summary>
static class PageRoutes
{
    const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        routes.MapAssets();
        routes.MapGroup("").AllowAnonymous().ExcludeFromDescription().AddEndpointFilter(GuardAsync).MapSignInPages();
        var pages = routes
            .MapGroup("")
            .RequireAuthorization("recommend")
            .ExcludeFromDescription()
            .AddEndpointFilter(GuardAsync)
            .AddEndpointFilter(WhenReadyAsync);
        pages.MapSearchPages();
        pages.MapAccountPages();
        pages.MapHandoffPages();
        pages.MapCoSellListPages();
        pages.MapPartnerPages();
        pages.MapMappingPages();
        pages.MapRegistrationPages();
        pages.MapConflictPages();
        pages.MapLeadPages();
        pages.MapModelPages();
        pages.MapImportPages();
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
}
