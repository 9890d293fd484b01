using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.CoSell;
using Recommender.Ranking;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages;

/// <summary>An account and the deal of it that a page is about; null for the account as such.</summary>
public record DealView(Account Account, IReadOnlyList<Opportunity> OpenDeals, Opportunity? Deal)
{
    const int MostDeals = 50;

    /// <summary>The account with the deal, or its newest open one if none is named; null if there is no such account or deal.</summary>
    internal static DealView? Of(LiveRecommender live, string id, string? dealId) =>
        live.Read(
            (state, _) =>
            {
                if (state.FindAccount(id) is not { } account)
                    return null;
                var deals = state.OpenDealsOf(id).Take(MostDeals).ToList();
                return dealId switch
                {
                    null => new DealView(account, deals, deals.FirstOrDefault()),
                    "none" => new(account, deals, null),
                    _ => state.FindOpportunity(dealId) is { } deal && deal.AccountId == id ? new(account, deals, deal) : null,
                };
            }
        );

    /// <summary>Ranks partners for it, and notes in the journal that they were shown; null if the account is gone meanwhile.</summary>
    internal async Task<GivenRecommendation?> RecommendAsync(
        LiveRecommender live,
        string caller,
        CancellationToken cancel,
        string objective = "fit"
    )
    {
        using var room = JsonRoom.Take();
        var request = new PartnerRecommendationsRequest
        {
            AccountId = Account.Id.Value,
            OpportunityId = Deal?.Id.Value,
            Objective = objective,
        };
        return await PartnerRecommendationsApi.RecommendAsync(
            live,
            caller,
            request,
            JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Default.PartnerRecommendationsRequest),
            default,
            room,
            cancel,
            isSeen: true
        );
    }

    /// <summary>One partner for it, with all reasons; null if there is none.</summary>
    internal (RecommendedPartner Partner, double Expected)? Explain(LiveRecommender live, string partnerId) =>
        live.Rank(
            new(Account.Id, default)
            {
                OpportunityId = Deal?.Id,
                Limit = 1,
                Reasons = int.MaxValue,
                Filters = new() { Include = [partnerId] },
            }
        )?.Recommendation
            is { Partners: [var partner] } answer
            ? (partner, answer.ExpectedScore)
            : null;

    internal static RazorComponentResult NotFound() =>
        Message("No such account", "There is no account with this id, or the deal is not one of its own.", 404);

    internal static RazorComponentResult NotRanked(string accountId) =>
        Message(
            "This partner is not ranked for that deal",
            "It is not known, has not joined yet, works on the deal already, declined it, or a rule leaves it out.",
            404,
            "/accounts/" + Uri.EscapeDataString(accountId)
        );
}
