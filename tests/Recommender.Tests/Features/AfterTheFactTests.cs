using System.Globalization;
using Recommender.CoSell;
using Recommender.Features;

namespace Recommender.Tests.Features;

/// <summary>Columns that an export has as they are on its day make no features and are named; those that were known in time stay.</summary>
public class AfterTheFactTests
{
    static readonly DateTime _end = Sample.Day(2026, 1, 1);

    [Theory]
    [InlineData("last_modified_date")]
    [InlineData("LastActivityDate")]
    [InlineData("Number of Sales Activities")]
    [InlineData("probability")]
    [InlineData("ForecastCategoryName")]
    [InlineData("next_step")]
    [InlineData("closed_lost_reason")]
    [InlineData("days_in_stage")]
    public void A_name_that_says_so_is_enough(string name)
    {
        var left = Assert.Single(LeftOut(name, (_, random) => random.Next(9).ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(("opportunities", name), (left.Of, left.Column));
        Assert.Contains("name", left.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Deal Agency")]
    [InlineData("Main Stage")]
    [InlineData("Warranty lifetime")]
    [InlineData("Forecast Region")]
    public void A_name_that_only_sounds_like_one_is_not(string name) =>
        Assert.Empty(LeftOut(name, (_, random) => random.Next(9).ToString(CultureInfo.InvariantCulture)));

    /// <summary>Whatever the column is called: x stands for any name.</summary>
    [Theory]
    [InlineData("a date of the deal's end", "after the deal was created")]
    [InlineData("more of it on won deals", "foretells")]
    [InlineData("filled for closed deals", "open deals")]
    [InlineData("another word for open deals", "open deals")]
    [InlineData("the partner's name", "names the partner")]
    [InlineData("filled where there is a partner", "filled where")]
    public void Its_values_betray_it(string kind, string why)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var found = LeftOut(
                "x",
                (deal, random) =>
                    kind switch
                    {
                        "a date of the deal's end" => (deal.ClosedAt ?? _end)
                            .AddDays(random.Next(-3, 9))
                            .ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                        "more of it on won deals" => (random.Next(10) + (deal.Won == true ? 5 : 0)).ToString(
                            CultureInfo.InvariantCulture
                        ),
                        "filled for closed deals" => deal.Won is null
                            ? null
                            : ((string[])["price", "timing", "fit"])[random.Next(3)],
                        "another word for open deals" => deal.Won is null ? "pipeline"
                        : random.Next(3) == 0 ? "omitted"
                        : "closed",
                        "the partner's name" => deal.Partner,
                        _ => deal.Partner is null ? null : "yes",
                    },
                seed
            );
            Assert.Contains(why, Assert.Single(found).Why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_was_known_in_time_stays()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            Assert.Empty(
                LeftOut(
                    "x",
                    (deal, random) =>
                        (seed % 5) switch
                        {
                            // A sign of a good deal that was there from the start.
                            0 => deal.IsGood == random.Next(10) < 7 ? "referral" : "cold",
                            1 => (deal.Size * random.NextDouble()).ToString("0.0", CultureInfo.InvariantCulture),
                            2 => deal.CreatedAt.AddDays(-random.Next(700)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                            // A field that was brought in two years before the end.
                            3 => deal.CreatedAt < _end.AddYears(-2) ? null : ((string[])["a", "b", "c"])[random.Next(3)],
                            _ => random.Next(3) == 0 ? null : "free text of " + deal.Id,
                        },
                    seed
                )
            );
        }
    }

    [Fact]
    public void What_is_said_to_be_known_in_time_stays() =>
        Assert.Empty(
            LeftOut(
                "last_modified_date",
                (_, random) => random.Next(9).ToString(CultureInfo.InvariantCulture),
                keep: ["last_modified_date"]
            )
        );

    [Fact]
    public void A_plan_that_became_the_end_is_left_out()
    {
        var facts = new List<DatedFact>();
        foreach (var deal in Deals(1))
            facts.AddRange(Facts(deal, "x", null, deal.ClosedAt ?? deal.CreatedAt.AddDays(60)));
        var left = Assert.Single(HistoryProfile.Of(facts, [], _end, 0.95).LeftOut);
        Assert.Equal("expected_close_at", left.Column);
    }

    [Fact]
    public void A_partner_s_number_makes_a_feature_unless_it_counts_what_is_to_come()
    {
        var deals = Deals(2);
        foreach (var counts in (bool[])[false, true])
        {
            var facts = deals.SelectMany(deal => Facts(deal, "segment", deal.Id, null)).ToList();
            for (var p = 0; p < 30; p++)
            {
                var id = FormattableString.Invariant($"p{p}");
                var number = counts ? deals.Count(deal => deal.Partner == id) : (p * 7919) % 31;
                facts.Add(
                    new(
                        Sample.Day(2020, 1, 1),
                        FactKind.Partner,
                        id,
                        new Partner(
                            id,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            new(["staff"], [number.ToString(CultureInfo.InvariantCulture)])
                        )
                    )
                );
            }
            facts.Sort();
            var settings = HistoryProfile.Of(facts, [], _end, 0.95);
            Assert.Equal(counts ? ["staff"] : [], settings.LeftOut.Select(one => one.Column));
            Assert.Equal(counts ? [] : ["staff"], settings.Fold.PartnerMeasures.Select(measure => measure.Name));
        }
    }

    sealed record MadeDeal(
        string Id,
        DateTime CreatedAt,
        DateTime? ClosedAt,
        bool? Won,
        bool IsGood,
        double Size,
        string? Partner
    );

    /// <summary>Deals of four years; those that are not closed by the end are open. Good ones are won more often, large ones take longer.</summary>
    static List<MadeDeal> Deals(int seed)
    {
        var random = new Random(seed);
        var deals = new List<MadeDeal>();
        for (var i = 0; i < 900; i++)
        {
            var created = _end.AddDays(-random.Next(4 * 365) - 1);
            var (isGood, size) = (random.Next(2) == 0, 1 + random.NextDouble());
            var closed = created.AddDays(20 + random.Next((int)(100 * size)));
            bool? won = closed < _end ? random.NextDouble() < (isGood ? 0.5 : 0.3) : null;
            deals.Add(
                new(
                    FormattableString.Invariant($"o{i}"),
                    created,
                    won is null ? null : closed,
                    won,
                    isGood,
                    size,
                    random.Next(2) == 0
                        ? FormattableString.Invariant($"p{(int)(30 * random.NextDouble() * random.NextDouble())}")
                        : null
                )
            );
        }
        return deals;
    }

    static IEnumerable<DatedFact> Facts(MadeDeal deal, string column, string? value, DateTime? expected)
    {
        var row = new Opportunity(
            deal.Id,
            "a",
            null,
            100,
            null,
            deal.CreatedAt,
            expected,
            deal.ClosedAt,
            deal.Won is null ? Outcome.Open
                : deal.Won.Value ? Outcome.Won
                : Outcome.Lost,
            null,
            new([column], [value])
        );
        yield return new(deal.CreatedAt, FactKind.OpportunityCreated, deal.Id, row);
        if (deal.Partner is not null)
            yield return new(
                deal.CreatedAt.AddDays(1),
                FactKind.Engagement,
                "e" + deal.Id,
                new Engagement("e" + deal.Id, deal.Id, deal.Partner, null, deal.CreatedAt.AddDays(1))
            );
        if (deal.ClosedAt is { } closed)
            yield return new(closed, FactKind.OpportunityClosed, deal.Id, row);
    }

    static IReadOnlyList<LeftOut> LeftOut(
        string column,
        Func<MadeDeal, Random, string?> value,
        int seed = 1,
        string[]? keep = null
    )
    {
        var random = new Random(seed);
        var facts = Deals(seed).SelectMany(deal => Facts(deal, column, value(deal, random), null)).ToList();
        return HistoryProfile.Of(facts, [], _end, 0.95, keep: keep).LeftOut;
    }
}
