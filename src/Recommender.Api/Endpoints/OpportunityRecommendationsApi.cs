using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Api.Endpoints;

/// <summary>Whose open deals to rank; with nothing said, everybody's.</summary>
sealed record OpportunityRecommendationsRequest
{
    /// <summary>Only deals that this partner would help, with this partner.</summary>
    public string? PartnerId { get; init; }

    /// <summary>Only deals of this owner.</summary>
    public string? Owner { get; init; }

    /// <summary>Only deals of this account.</summary>
    public string? AccountId { get; init; }

    /// <summary>How many at most, 1 to 100.</summary>
    public int Limit { get; set; } = 25;

    /// <summary>Where to go on, from the answer before.</summary>
    public string? Cursor { get; init; }
}

/// <summary>An open deal and the partner to bring.</summary>
public sealed record RecommendedOpportunity
{
    /// <summary>The deal's id.</summary>
    public required string OpportunityId { get; init; }

    /// <summary>Id of the account that it is a deal of.</summary>
    public required string AccountId { get; init; }

    /// <summary>The account's name; null if it has none.</summary>
    public string? AccountName { get; init; }

    /// <summary>Who of ours owns the deal; null if nobody is named.</summary>
    public string? Owner { get; init; }

    /// <summary>What is to be sold; null if unknown.</summary>
    public string? Product { get; init; }

    /// <summary>Value of the deal in its currency; null if unknown.</summary>
    public double? Amount { get; init; }

    /// <summary>Currency of amount and added_value, as the history has it (ISO 4217); null if unknown.</summary>
    public string? Currency { get; init; }

    /// <summary>When it is expected to close, UTC; null if unknown.</summary>
    public DateTime? ExpectedCloseAt { get; init; }

    /// <summary>1 is best.</summary>
    public required int Rank { get; init; }

    /// <summary>lift × amount × urgency, what the list is ordered by; null if lift or amount is unknown.</summary>
    public double? Priority { get; init; }

    /// <summary>lift × amount, in the deal's currency: what the partner would add; null if either is unknown.</summary>
    public double? AddedValue { get; init; }

    /// <summary>0.4 to 1: how near the expected close is.</summary>
    public required double Urgency { get; init; }

    /// <summary>The partner to bring, as of now.</summary>
    public required RecommendedPartner Partner { get; init; }
}

/// <summary>Open deals ranked by what a partner would add.</summary>
public sealed record OpportunityRecommendationsResponse(
    DateTime AsOf,
    IReadOnlyDictionary<string, string> ModelVersions,
    int Total,
    int WaitingToBeIndexed,
    IReadOnlyList<RecommendedOpportunity> Items,
    Pagination Pagination,
    string Note
);

static class OpportunityRecommendationsApi
{
    const int MostRefreshed = 50;

    public static void MapOpportunityRecommendations(this IEndpointRouteBuilder routes) =>
        routes
            .MapPost("/v1/opportunity-recommendations", RankAsync)
            .RequireAuthorization("recommend")
            .WithTags("Recommendations")
            .WithName("RecommendOpportunities")
            .Accepts<OpportunityRecommendationsRequest>("application/json");

    /// <summary>Open deals ranked by what a partner would add, each with the partner to bring</summary>
    public static async Task<
        Results<Json<OpportunityRecommendationsResponse>, BadBody, Invalid, NotFound, Unavailable>
    > RankAsync(HttpContext http, LiveRecommender live, IOptions<RecommenderOptions> options)
    {
        var (request, _, problem) = await Body.ReadAsync(
            http,
            options.Value.Limits.BodyBytes,
            ApiJson.Default.OpportunityRecommendationsRequest
        );
        if (request is null)
            return problem!;
        var faults = new List<ProblemError>();
        foreach (
            var (name, text) in (IEnumerable<(string, string?)>)
                [("partner_id", request.PartnerId), ("owner", request.Owner), ("account_id", request.AccountId)]
        )
        {
            if (text is { Length: 0 or > JsonRow.LongestId })
                faults.Add(new("/" + name, $"Expected 1 to {JsonRow.LongestId} characters."));
        }
        if (request.Limit is < 1 or > 100)
            faults.Add(new("/limit", FormattableString.Invariant($"Found {request.Limit}; expected 1 to 100.")));
        var skip = request.Cursor is null ? 0 : Cursor.ReadNumber(request.Cursor);
        if (skip is null or > 10_000_000)
            faults.Add(new("/cursor", "Expected the next_cursor of an earlier answer."));
        if (faults.Count > 0)
            return Problems.Invalid(faults);
        if (!live.Answers)
            return Problems.NotReady(http);
        if (
            live.Read(
                (state, _) =>
                    request.AccountId is { } account && state.FindAccount(account) is null ? "No such account."
                    : request.PartnerId is { } partner && state.FindPartner(partner) is null ? "No such partner."
                    : null
            ) is
            { } missing
        )
            return Problems.NotFound(missing);
        return new Json<OpportunityRecommendationsResponse>(
            JsonSerializer.SerializeToUtf8Bytes(
                Rank(
                    live,
                    request.PartnerId,
                    deal =>
                        (request.Owner is null || deal.Owner is { } owner && TextKey.AreSame(owner, request.Owner))
                        && (request.AccountId is null || deal.AccountId == request.AccountId),
                    (int)skip!,
                    request.Limit
                ),
                ApiJson.Default.OpportunityRecommendationsResponse
            )
        );
    }

    /// <summary>A page of open deals, each with the partner to bring.</summary>
    public static OpportunityRecommendationsResponse Rank(
        LiveRecommender live,
        string? partnerId,
        Func<Opportunity, bool>? isWanted,
        int skip,
        int limit
    )
    {
        // What a fact has touched is looked at before the answer, as far as that is quickly done.
        foreach (var id in live.Index.DirtyIds.Take(MostRefreshed).ToList())
            live.Refresh(id);
        var asOf = live.Read((_, asOf) => asOf);
        var found = live.Index.Find(PartnerId.OrNone(partnerId), isWanted, asOf, skip, limit, out var total);
        var items = new List<RecommendedOpportunity>();
        foreach (var (entry, option) in found)
        {
            var deal = entry.Deal;
            var answer = live.Rank(
                new(deal.AccountId, default)
                {
                    OpportunityId = deal.Id.Value,
                    Limit = 1,
                    Filters = new() { Include = [option.PartnerId.Value] },
                }
            );
            if (answer?.Recommendation.Partners is not [var partner])
                continue;
            items.Add(
                new()
                {
                    OpportunityId = deal.Id.Value,
                    AccountId = deal.AccountId.Value,
                    AccountName = live.Read((state, _) => state.FindAccount(deal.AccountId)?.Name),
                    Owner = deal.Owner,
                    Product = deal.Product,
                    Amount = deal.Amount,
                    Currency = deal.Currency,
                    ExpectedCloseAt = deal.ExpectedCloseAt,
                    Rank = skip + items.Count + 1,
                    Priority = CoSellPriority.Of(partner.Lift, deal.Amount, deal.ExpectedCloseAt, asOf),
                    AddedValue = partner.Lift * deal.Amount,
                    Urgency = CoSellPriority.Urgency(deal.ExpectedCloseAt, asOf),
                    Partner = partner,
                }
            );
        }
        return new(
            asOf,
            live.Versions,
            total,
            live.Index.Dirty,
            items,
            new(
                skip + found.Count < total
                    ? Cursor.Of((skip + found.Count).ToString(System.Globalization.CultureInfo.InvariantCulture))
                    : null,
                null
            ),
            "lift is an estimate from observed deals, not an experiment; null means unknown, and such deals come last"
        );
    }
}
