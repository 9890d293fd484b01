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

    /// <summary>false: none that is past its expected close; true: only such; null: all.</summary>
    public bool? Overdue { get; init; }

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

    /// <summary>The amount in the base currency, at the day the deal was created; null if unknown, or if there is no rate.</summary>
    public double? AmountInBase { get; init; }

    /// <summary>When it is expected to close, UTC; null if unknown.</summary>
    public DateTime? ExpectedCloseAt { get; init; }

    /// <summary>1 is best.</summary>
    public required int Rank { get; init; }

    /// <summary>lift × amount_in_base × urgency, what the list is ordered by; null if lift or amount_in_base is unknown.</summary>
    public double? Priority { get; init; }

    /// <summary>lift × amount, in the deal's currency: what the partner would add; null if either is unknown.</summary>
    public double? AddedValue { get; init; }

    /// <summary>The same in the base currency.</summary>
    public double? AddedValueInBase { get; init; }

    /// <summary>How near the expected close is, up to 1; of an overdue deal, the weight of the answer's overdue.</summary>
    public required double Urgency { get; init; }

    /// <summary>The expected close, if that is past, UTC; null if it is not.</summary>
    public DateTime? OverdueSince { get; init; }

    /// <summary>The partner to bring, as of now.</summary>
    public required RecommendedPartner Partner { get; init; }
}

/// <summary>Open deals ranked by what a partner would add.</summary>
/// <param name="AsOf">The moment, UTC.</param>
/// <param name="ModelVersions">By model.</param>
/// <param name="Total">How many deals there are.</param>
/// <param name="WaitingToBeIndexed">How many have to be looked at again.</param>
/// <param name="BaseCurrency">In which currency they are compared, ISO 4217; null if none is named anywhere.</param>
/// <param name="Currencies">All of them by currency; where amount_in_base is null, they are ranked after the others, by what a partner adds.</param>
/// <param name="Overdue">What became of deals that were still open past their expected close, and what such a deal weighs.</param>
/// <param name="Items">This page of them.</param>
/// <param name="Pagination">Where the next page is.</param>
/// <param name="Note">How to read it.</param>
public sealed record OpportunityRecommendationsResponse(
    DateTime AsOf,
    IReadOnlyDictionary<string, string> ModelVersions,
    int Total,
    int WaitingToBeIndexed,
    string? BaseCurrency,
    IReadOnlyList<CurrencyTotal> Currencies,
    IReadOnlyList<OverdueRate> Overdue,
    IReadOnlyList<RecommendedOpportunity> Items,
    Pagination Pagination,
    string Note
);

/// <summary>A deal in a list that was ranked, with the partner to bring then.</summary>
readonly record struct PartnerOnDeal(OpportunityId OpportunityId, PartnerId PartnerId);

/// <summary>A page of open deals, how many there are, and in which currencies.</summary>
sealed record FoundDeals(
    DateTime AsOf,
    IReadOnlyList<(IndexedOpportunity Entry, PartnerOption Option)> Deals,
    int Total,
    string? BaseCurrency,
    IReadOnlyList<CurrencyTotal> Currencies,
    OverdueRates Overdue
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

    /// <summary>Open deals ranked by what a partner would add, each with the partner to bring. Read on by cursor, the order is that of the first page: each deal that stays open comes once</summary>
    public static async Task<
        Results<Json<OpportunityRecommendationsResponse>, BadBody, Invalid, NotFound, Gone, Unavailable>
    > RankAsync(HttpContext http, LiveRecommender live, KeptLists<PartnerOnDeal> lists, IOptions<RecommenderOptions> options)
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
        if (!KeptLists<PartnerOnDeal>.IsCursor(request.Cursor))
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
        Refresh(live);
        var now = live.Read((_, asOf) => asOf);
        bool isWanted(Opportunity deal) =>
            (request.Overdue is null || OverdueRates.IsOverdue(deal.ExpectedCloseAt, now) == request.Overdue)
            && (request.Owner is null || deal.Owner is { } owner && TextKey.AreSame(owner, request.Owner))
            && (request.AccountId is null || deal.AccountId == request.AccountId);
        FoundDeals? all = null;
        var page = lists.Page(
            string.Join('\u001f', request.PartnerId, request.Owner, request.AccountId, request.Overdue),
            request.Cursor,
            request.Limit,
            () => Keys((all = Find(live, request.PartnerId, isWanted, 0, int.MaxValue)).Deals)
        );
        if (page is null)
            return new Gone();
        return new Json<OpportunityRecommendationsResponse>(
            JsonSerializer.SerializeToUtf8Bytes(
                Describe(live, request.PartnerId, all ?? Find(live, request.PartnerId, isWanted, 0, 0), page),
                ApiJson.Default.OpportunityRecommendationsResponse
            )
        );
    }

    /// <summary>A page of open deals as the index has them.</summary>
    public static FoundDeals Find(
        LiveRecommender live,
        string? partnerId,
        Func<Opportunity, bool>? isWanted,
        int skip,
        int limit
    ) =>
        live.Read(
            (state, asOf) =>
            {
                var deals = live.Index.Deals.ToList();
                var overdue = new OverdueRates(state.ClosedPastExpected, deals, asOf);
                var into = CurrencyTotals.BaseOf(state, live.BaseCurrency, deals);
                var found = live.Index.Find(
                    PartnerId.OrNone(partnerId),
                    isWanted,
                    deal => state.WorthOf(deal, into),
                    deal => CoSellPriority.Urgency(deal.ExpectedCloseAt, overdue, asOf),
                    skip,
                    limit,
                    out var total
                );
                return new FoundDeals(
                    asOf,
                    found,
                    total,
                    into,
                    CurrencyTotals.Of(state, into, isWanted is null ? deals : deals.Where(isWanted)),
                    overdue
                );
            }
        );

    /// <summary>A page of open deals, each with the partner to bring.</summary>
    public static OpportunityRecommendationsResponse Rank(
        LiveRecommender live,
        string? partnerId,
        Func<Opportunity, bool>? isWanted,
        int skip,
        int limit
    )
    {
        Refresh(live);
        var found = Find(live, partnerId, isWanted, skip, limit);
        return Describe(live, partnerId, found, new(Keys(found.Deals), skip, found.Total, null));
    }

    /// <summary>What a fact has touched is looked at before the answer, as far as that is quickly done.</summary>
    static void Refresh(LiveRecommender live)
    {
        foreach (var id in live.Index.DirtyIds.Take(MostRefreshed).ToList())
            live.Refresh(id);
    }

    static List<PartnerOnDeal> Keys(IReadOnlyList<(IndexedOpportunity Entry, PartnerOption Option)> found) =>
        [.. found.Select(one => new PartnerOnDeal(one.Entry.Deal.Id, one.Option.PartnerId))];

    /// <summary>The partner to bring into a deal as of now; null if there is none any more.</summary>
    static RecommendedPartner? PartnerFor(LiveRecommender live, Opportunity deal, PartnerId first, bool isOnly)
    {
        RecommendedPartner? Ask(PartnerFilter? filters) =>
            live.Rank(
                new(deal.AccountId, default)
                {
                    OpportunityId = deal.Id.Value,
                    Limit = 1,
                    Filters = filters,
                }
            )?.Recommendation.Partners
                is [var partner]
                ? partner
                : null;
        return Ask(new() { Include = [first.Value] }) ?? (isOnly ? null : Ask(null));
    }

    static OpportunityRecommendationsResponse Describe(
        LiveRecommender live,
        string? partnerId,
        FoundDeals found,
        ListPage<PartnerOnDeal> page
    )
    {
        var items = new List<RecommendedOpportunity>();
        for (var i = 0; i < page.Items.Count; i++)
        {
            if (live.Index.Find(page.Items[i].OpportunityId) is not { Deal: var deal } entry)
                continue;
            var best = entry.Best(PartnerId.OrNone(partnerId))?.PartnerId ?? page.Items[i].PartnerId;
            var worth = live.Read((state, _) => state.WorthOf(deal, found.BaseCurrency));
            var urgency = CoSellPriority.Urgency(deal.ExpectedCloseAt, found.Overdue, found.AsOf);
            if (PartnerFor(live, deal, best, isOnly: partnerId is not null) is not { } partner)
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
                    AmountInBase = worth,
                    ExpectedCloseAt = deal.ExpectedCloseAt,
                    Rank = page.Skipped + i + 1,
                    Priority = CoSellPriority.Of(partner.Lift, worth, urgency),
                    AddedValue = partner.Lift * deal.Amount,
                    AddedValueInBase = partner.Lift * worth,
                    Urgency = urgency,
                    OverdueSince = OverdueRates.IsOverdue(deal.ExpectedCloseAt, found.AsOf) ? deal.ExpectedCloseAt : null,
                    Partner = partner,
                }
            );
        }
        return new(
            found.AsOf,
            live.Versions,
            page.Total,
            live.Index.Dirty,
            found.BaseCurrency,
            found.Currencies,
            found.Overdue.All,
            items,
            new(page.Next, null, page.Next is not null, null),
            "lift is an estimate from observed deals, not an experiment; null means unknown, and such deals come last"
        );
    }
}
