using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Facts;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.Accounts;

/// <summary>An account: its ranked partners, all reasons for one, two side by side, and what came of it.</summary>
static class AccountRoutes
{
    public static void MapAccountPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/accounts/{id}", AccountAsync);
        pages.MapPost("/accounts/{id}/feedback", FeedbackAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        pages.MapGet("/accounts/{id}/compare", Compare);
        pages.MapGet("/accounts/{id}/partners/{partnerId}", Why);
    }

    static async Task<RazorComponentResult> AccountAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? deal = null,
        string? said = null,
        string? by = null
    )
    {
        var order = RankingOrder.All.FirstOrDefault(order => order.Objective == by) ?? RankingOrder.All[0];
        if (await AccountView.OfAsync(live, Caller.Of(http), id, deal, order.Objective, http.RequestAborted) is not { } view)
            return DealView.NotFound();
        return Page<AccountPage>(
            (nameof(AccountPage.View), view),
            (nameof(AccountPage.Order), order),
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
                    "reported_won" or "reported_lost" =>
                        $"Reported: the deal is {said["reported_".Length..]}. It counts in rankings once the CRM says so.",
                    "note" => "The note is kept.",
                    _ => null,
                }
            )
        );
    }

    static async Task<Results<RazorComponentResult, StatusCodeHttpResult>> FeedbackAsync(
        string id,
        HttpContext http,
        LiveRecommender live,
        Writes writes
    )
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
        if (happened is "won" or "lost" && !Auth.Grants(http.User, "ingest"))
            happened = "reported_" + happened;
        return ProblemOf(answer, back) is { } told ? told : Seen(http, $"{back}&said={happened}");
    }

    static RazorComponentResult Why(string id, string partnerId, LiveRecommender live, string? deal = null)
    {
        if (DealView.Of(live, id, deal) is not { } view)
            return DealView.NotFound();
        return view.Explain(live, partnerId) is var (partner, expected)
            ? Page<WhyPage>(
                (nameof(WhyPage.View), view),
                (nameof(WhyPage.Partner), partner),
                (nameof(WhyPage.Expected), expected),
                (nameof(WhyPage.Facts), new FactBook(live.Store).FactsBetween(id, partnerId, 100))
            )
            : DealView.NotRanked(id);
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
            return DealView.NotFound();
        return view.Explain(live, first) is var (left, _) && view.Explain(live, second) is var (right, _)
            ? Page<ComparePage>(
                (nameof(ComparePage.View), view),
                (nameof(ComparePage.Left), left),
                (nameof(ComparePage.Right), right)
            )
            : DealView.NotRanked(id);
    }
}
