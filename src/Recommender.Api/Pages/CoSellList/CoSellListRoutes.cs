using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Ranking;
using static Recommender.Api.Pages.PageAnswers;

namespace Recommender.Api.Pages.CoSellList;

/// <summary>Open deals by what a partner would add, on the page and as a file.</summary>
static class CoSellListRoutes
{
    const int DealsOfPage = 25;
    const int MostExported = 10_000;

    public static void MapCoSellListPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/deals", Deals);
        pages.MapGet("/deals.csv", DealsCsv);
    }

    static RazorComponentResult Deals(HttpContext http, LiveRecommender live, int page = 1)
    {
        page = Math.Clamp(page, 1, 100_000);
        var wanted = Wanted.Of(http);
        var list = OpportunityRecommendationsApi.Rank(
            live,
            wanted.Partner,
            wanted.On(live),
            (page - 1) * DealsOfPage,
            DealsOfPage
        );
        var deals = live.Index.Deals.ToList();
        var (regions, industries, partners) = live.Read(
            (state, _) =>
            {
                var accounts = deals
                    .Select(deal => deal.AccountId)
                    .Distinct()
                    .Select(state.FindAccount)
                    .OfType<Account>()
                    .ToList();
                return (
                    Choices(accounts.Select(account => account.Region)),
                    Choices(accounts.Select(account => account.Industry)),
                    live.Index.Partners.Select(id => (id.Value, state.FindPartner(id)?.Name ?? id.Value))
                        .OrderBy(one => one.Item2, StringComparer.OrdinalIgnoreCase)
                        .ThenBy(one => one.Value, StringComparer.Ordinal)
                        .ToList()
                );
            }
        );
        var owners = Choices(deals.Select(deal => deal.Owner));
        return Page<DealsPage>(
            (nameof(DealsPage.List), list),
            (nameof(DealsPage.Page), page),
            (nameof(DealsPage.Pages), Math.Max(1, (list.Total + DealsOfPage - 1) / DealsOfPage)),
            (
                nameof(DealsPage.Filters),
                new List<DealsPage.Filter>
                {
                    new("owner", "Owner", wanted.Owner, [.. owners.Select(owner => (Format.Token(TextKey.Of(owner)), owner))]),
                    new("region", "Region", wanted.Region, [.. regions.Select(region => (region, region))]),
                    new(
                        "industry",
                        "Industry",
                        wanted.Industry,
                        [.. industries.Select(industry => (industry, Format.Plain(industry)))]
                    ),
                    new("partner", "Partner", wanted.Partner, partners),
                    new("overdue", "Overdue", wanted.Overdue, [("false", "left out"), ("true", "only")]),
                }
            )
        );
    }

    /// <summary>Each value once, in an order that hangs on the values only: the index lists deals as they came.</summary>
    static List<string> Choices(IEnumerable<string?> values) =>
        [
            .. values
                .OfType<string>()
                .Order(StringComparer.Ordinal)
                .Distinct(TextKey.Comparer)
                .OrderBy(value => value, StringComparer.OrdinalIgnoreCase)
                .ThenBy(value => value, StringComparer.Ordinal),
        ];

    static FileContentHttpResult DealsCsv(HttpContext http, LiveRecommender live)
    {
        var wanted = Wanted.Of(http);
        var (asOf, found, _, into, _, _) = OpportunityRecommendationsApi.Find(
            live,
            wanted.Partner,
            wanted.On(live),
            0,
            MostExported
        );
        var text = new StringBuilder(CsvText.Mark).Append(
            "rank,account_id,account,opportunity_id,product,amount,currency,expected_close_at,owner,partner_id,partner,lift,win_probability,added_value,base_currency,amount_in_base,added_value_in_base,overdue_since\n"
        );
        live.Read(
            (state, _) =>
            {
                for (var i = 0; i < found.Count; i++)
                {
                    var ((deal, _, _), option) = found[i];
                    var worth = state.WorthOf(deal, into);
                    string?[] cells =
                    [
                        (i + 1).ToString(CultureInfo.InvariantCulture),
                        deal.AccountId.Value,
                        state.FindAccount(deal.AccountId)?.Name,
                        deal.Id.Value,
                        deal.Product,
                        deal.Amount?.ToString(CultureInfo.InvariantCulture),
                        deal.Currency,
                        deal.ExpectedCloseAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                        deal.Owner,
                        option.PartnerId.Value,
                        state.FindPartner(option.PartnerId)?.Name,
                        Known(option.Lift),
                        Known(option.WinProbability),
                        Known(option.Lift * deal.Amount ?? double.NaN),
                        into,
                        Known(worth ?? double.NaN),
                        Known(option.Lift * worth ?? double.NaN),
                        OverdueRates.IsOverdue(deal.ExpectedCloseAt, asOf)
                            ? deal.ExpectedCloseAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
                            : null,
                    ];
                    text.Append(CsvText.Line(cells));
                }
                return 0;
            }
        );
        return TypedResults.File(Encoding.UTF8.GetBytes(text.ToString()), "text/csv; charset=utf-8", "co-sell-list.csv");
    }

    static string Known(double value) => double.IsNaN(value) ? "" : value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>What the list is narrowed to.</summary>
    sealed record Wanted(string? Owner, string? Region, string? Industry, string? Partner, string? Overdue)
    {
        public static Wanted Of(HttpContext http)
        {
            string? Value(string name) => http.Request.Query[name].ToString() is { Length: > 0 and <= 200 } text ? text : null;
            return new(Value("owner"), Value("region"), Value("industry"), Value("partner"), Value("overdue"));
        }

        public Func<Opportunity, bool> On(LiveRecommender live)
        {
            var places =
                Region is null && Industry is null
                    ? null
                    : live.Read(
                        (state, _) =>
                            state
                                .Accounts.Where(account =>
                                    (Region is null || account.Region is { } region && TextKey.AreSame(region, Region))
                                    && (
                                        Industry is null
                                        || account.Industry is { } industry && TextKey.AreSame(industry, Industry)
                                    )
                                )
                                .Select(account => account.Id)
                                .ToHashSet()
                    );
            bool? overdue = bool.TryParse(Overdue, out var wanted) ? wanted : null;
            var now = live.Read((_, asOf) => asOf);
            return deal =>
                (overdue is null || OverdueRates.IsOverdue(deal.ExpectedCloseAt, now) == overdue)
                && (Owner is null || deal.Owner is { } owner && Format.Token(TextKey.Of(owner)) == Owner)
                && (places is null || places.Contains(deal.AccountId));
        }
    }
}
