using Microsoft.AspNetCore.Http.HttpResults;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Partners;

/// <summary>A partner: its record, and the deals it would help.</summary>
static class PartnerRoutes
{
    public static void MapPartnerPages(this IEndpointRouteBuilder pages) => pages.MapGet("/partners/{id}", Partner);

    static RazorComponentResult Partner(string id, LiveRecommender live) =>
        PartnerView.Of(live, id) is { } view
            ? Page<PartnerPage>((nameof(PartnerPage.View), view))
            : Message("No such partner", "There is no partner with this id.", 404);
}
