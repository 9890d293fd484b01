using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Capabilities.Mapping;
using Recommender.CoSell;
using Recommender.Ranking;

namespace Recommender.Api.Endpoints;

/// <summary>An account of a cell of the map, with the way in and what bringing the partner would add.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Name">Its name.</param>
/// <param name="FitScore">How well the partner fits, as in a ranking; null if rules exclude it there.</param>
/// <param name="Lift">What it adds to the probability of winning; null if unknown.</param>
/// <param name="ExpectedValue">Of the account's newest open deal with the partner, in its currency; null if unknown.</param>
/// <param name="WarmPath">Who of theirs knows the account, how well, since when.</param>
public sealed record MappedAccountResponse(
    string AccountId,
    string? Name,
    double? FitScore,
    double? Lift,
    double? ExpectedValue,
    WarmPath WarmPath
);

/// <summary>The accounts of a cell, those first where the partner would add most.</summary>
public sealed record MappedAccountsResponse(
    string PartnerId,
    string Ours,
    string Theirs,
    int Count,
    IReadOnlyList<MappedAccountResponse> Items
);

static class AccountMapApi
{
    const int MostRanked = 50;

    public static void MapAccountMap(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/partners/{id}").WithTags("Partners");
        group.MapGet("/account-map", Map).RequireAuthorization("recommend").WithName("GetAccountMap");
        group.MapGet("/account-map/accounts", FindMapped).RequireAuthorization("recommend").WithName("FindMappedAccounts");
    }

    /// <summary>Our population by the partner's: how many accounts stand in each cell, and what our open deals on them are worth</summary>
    public static Results<Ok<AccountMap>, NotFound, Unavailable> Map(string id, HttpContext http, LiveRecommender live) =>
        !live.Answers ? Problems.NotReady(http)
        : live.Read((state, asOf) => AccountMap.Of(state, id, asOf)) is { } map ? TypedResults.Ok(map)
        : Problems.NotFound($"No partner has the id '{id}'.");

    /// <summary>The accounts of a cell of the map, those first where bringing the partner would add most, with who of theirs knows each</summary>
    public static Results<Ok<MappedAccountsResponse>, Invalid, NotFound, CountsOnly, Unavailable> FindMapped(
        string id,
        HttpContext http,
        LiveRecommender live,
        string? ours = null,
        string? theirs = null
    )
    {
        if (ours is null || theirs is null || !AccountMap.Populations.Contains(ours) || !AccountMap.Populations.Contains(theirs))
            return Problems.Invalid(
                "ours",
                $"Expected ours and theirs, each one of {string.Join(", ", AccountMap.Populations)}."
            );
        if (!live.Answers)
            return Problems.NotReady(http);
        var sharing = live.Read((state, _) => state.FindPartner(id) is null ? null : MappingCapability.SharingOf(state, id));
        return sharing is null ? Problems.NotFound($"No partner has the id '{id}'.")
            : sharing == "counts" ? new CountsOnly()
            : TypedResults.Ok(Mapped(live, id, ours, theirs));
    }

    /// <summary>The accounts of a cell; those are ranked whose open deals are worth most.</summary>
    public static MappedAccountsResponse Mapped(LiveRecommender live, string id, string ours, string theirs)
    {
        var held = live.Read(
            (state, asOf) =>
                AccountMap
                    .AccountsOf(state, id, ours, theirs, asOf)
                    .Select(overlap => (Overlap: overlap, Deals: state.OpenDealsOf(overlap.AccountId).ToList()))
                    .Select(one =>
                        (
                            one.Overlap,
                            state.FindAccount(one.Overlap.AccountId)?.Name,
                            Worth: one.Deals.Sum(deal => state.WorthOf(deal, state.Settings.BaseCurrency) ?? 0),
                            Deal: one.Deals is [var newest, ..] ? newest.Id : (OpportunityId?)null
                        )
                    )
                    .OrderByDescending(one => one.Worth)
                    .ThenBy(one => one.Overlap.AccountId)
                    .ToList()
        );
        var filter = new PartnerFilter { Include = [id] };
        return new(
            id,
            ours,
            theirs,
            held.Count,
            [
                .. held.Take(MostRanked)
                    .Select(one =>
                    {
                        var answer = live.Rank(
                            new(one.Overlap.AccountId, default)
                            {
                                OpportunityId = one.Deal,
                                Filters = filter,
                                Explain = false,
                                Limit = 1,
                            }
                        )?.Recommendation;
                        var ranked = answer is { Partners: [var first, ..] } ? first : null;
                        return new MappedAccountResponse(
                            one.Overlap.AccountId.Value,
                            one.Name,
                            ranked?.FitScore,
                            ranked?.Lift,
                            ranked?.ExpectedValue,
                            WarmPath.Of(one.Overlap)
                        );
                    })
                    .OrderByDescending(one => one.Lift ?? double.NegativeInfinity)
                    .ThenByDescending(one => one.FitScore ?? double.NegativeInfinity)
                    .ThenBy(one => one.AccountId, StringComparer.Ordinal),
            ]
        );
    }
}
