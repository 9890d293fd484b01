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
    [InlineData("Number of Associated Contacts")]
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
    [InlineData("the same in milliseconds since 1970", "after the deal was created")]
    [InlineData("more of it on won deals", "foretells")]
    [InlineData("filled for closed deals", "open deals")]
    [InlineData("another word for open deals", "open deals")]
    [InlineData("the partner's name", "names the partner")]
    [InlineData("filled where there is a partner", "filled where")]
    [InlineData("filled for a quarter of closed deals", "open deals")]
    [InlineData("a word on half of the won deals", "'kickoff'")]
    [InlineData("codes of its own for each end", "open deals")]
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
                        "the same in milliseconds since 1970" => new DateTimeOffset(deal.ClosedAt ?? _end)
                            .AddDays(random.Next(-3, 9))
                            .ToUnixTimeMilliseconds()
                            .ToString(CultureInfo.InvariantCulture),
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
                        "filled for a quarter of closed deals" => deal.Won is null || random.Next(4) > 0 ? null
                        : deal.Won.Value ? "A"
                        : "B",
                        "a word on half of the won deals" => ((string[])["a;b", "b;c", "c;d"])[random.Next(3)]
                            + (deal.Won == true && random.Next(2) == 0 ? ";kickoff" : ""),
                        "codes of its own for each end" => (
                            deal.Won is { } won
                                ? won
                                    ? "W"
                                    : "L"
                                : "O"
                        ) + random.Next(40),
                        _ => deal.Partner is null ? null : "yes",
                    },
                seed,
                many: true
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

    /// <summary>Open deals bear out what a strong column foretells: they have it as a mixture of won and lost ones would.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_strong_column_stays_only_where_open_deals_bear_it_out(bool isKnown)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var left = LeftOut(
                "x",
                (deal, random) => (deal.Won ?? (isKnown && random.Next(10) < 4)) == random.Next(10) < 8 ? "renewal" : "new",
                seed,
                many: true
            );
            Assert.Equal(isKnown ? [] : ["x"], left.Select(one => isKnown ? one.Why : one.Column));
        }
    }

    /// <summary>With no open deals nothing can clear a column: known by chance alone it stays, a strong one does not.</summary>
    [Theory]
    [InlineData(75, 30, true)]
    [InlineData(55, 40, false)]
    public void Without_open_deals_a_strong_column_is_left_out(int ofWon, int ofLost, bool isLate)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var facts = Deals(seed, 1500)
                .Where(deal => deal.Won is not null)
                .SelectMany(deal => Facts(deal, "x", random.Next(100) < (deal.Won == true ? ofWon : ofLost) ? "yes" : "no", null))
                .ToList();
            Assert.Equal(isLate ? ["x"] : [], HistoryProfile.Of(facts, [], _end, 0.95).LeftOut.Select(one => one.Column));
        }
    }

    /// <summary>A mood that is neutral until the end; and a kind that is won more often and takes longer, and so is open more often.</summary>
    [Theory]
    [InlineData("mood", true)]
    [InlineData("kind", false)]
    public void A_column_that_was_edited_is_told_from_one_that_lasts(string column, bool isLate)
    {
        var (good, neutral, bad) = (
            (string[])["+", "+", "0", "-"],
            (string[])["+", "0", "0", "0", "-"],
            (string[])["+", "0", "-", "-"]
        );
        for (var seed = 0; seed < 3; seed++)
        {
            var random = new Random(seed);
            var facts = Deals(seed, 24000)
                .SelectMany(deal =>
                {
                    var mood =
                        deal.Won == true ? good
                        : deal.Won == false ? bad
                        : neutral;
                    var kind = (deal.IsGood ? "good" : "bad") + (deal.Size > 1.5 ? " and long" : "");
                    return Facts(deal, "x", column == "mood" ? mood[random.Next(mood.Length)] : kind, null);
                })
                .ToList();
            Assert.Equal(isLate ? ["x"] : [], HistoryProfile.Of(facts, [], _end, 0.95).LeftOut.Select(one => one.Column));
        }
    }

    [Theory]
    [InlineData("product")]
    [InlineData("owner")]
    public void A_column_of_the_contract_that_was_written_at_the_end_is_left_out_too(string column)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            var facts = Deals(seed, 6000)
                .SelectMany(deal =>
                {
                    var usual = "s" + random.Next(20).ToString(CultureInfo.InvariantCulture);
                    var late =
                        column == "product"
                            ? deal.Won == false && random.Next(10) < 7
                                ? null
                                : usual
                            : deal.Won == true && random.Next(10) < 4
                                ? "success" + random.Next(3).ToString(CultureInfo.InvariantCulture)
                                : usual;
                    return Facts(deal, "x", null, null)
                        .Select(fact =>
                            fact.Noun is Opportunity row
                                ? fact with
                                {
                                    Noun = column == "product" ? row with { Product = late } : row with { Owner = late },
                                }
                                : fact
                        );
                })
                .ToList();
            Assert.Equal(column, Assert.Single(HistoryProfile.Of(facts, [], _end, 0.95).LeftOut).Column);
        }
    }

    [Fact]
    public void What_says_of_a_deal_what_the_row_of_its_partner_says_is_left_out()
    {
        var types = (string[])["reseller", "agency", "integrator"];
        foreach (var isLate in (bool[])[true, false])
        {
            var random = new Random(3);
            string TypeOf(string partner) => types[partner.Length % 2 + (partner[^1] - '0') % 2];
            var facts = Deals(3, 3000)
                .SelectMany(deal =>
                    Facts(
                        deal,
                        "route",
                        isLate && deal.Partner is { } partner || random.Next(10) < 6 && (partner = deal.Partner) is not null
                            ? TypeOf(partner)
                            : types[random.Next(3)],
                        null
                    )
                )
                .ToList();
            for (var p = 0; p < 30; p++)
            {
                var id = FormattableString.Invariant($"p{p}");
                facts.Add(
                    new(
                        Sample.Day(2020, 1, 1),
                        FactKind.Partner,
                        id,
                        new Partner(id, null, TypeOf(id), null, null, null, null, null, Attributes.None)
                    )
                );
            }
            Assert.Equal(isLate ? ["route"] : [], HistoryProfile.Of(facts, [], _end, 0.95).LeftOut.Select(one => one.Column));
        }
    }

    [Fact]
    public void What_is_said_to_be_known_in_time_stays_and_a_name_that_no_column_has_is_refused()
    {
        static string? Number(MadeDeal deal, Random random) => random.Next(9).ToString(CultureInfo.InvariantCulture);
        Assert.Empty(LeftOut("last_modified_date", Number, keep: ["Last Modified Date"]));
        Assert.Contains(
            "features.keep names modified",
            Assert.Throws<InvalidDataException>(() => LeftOut("last_modified_date", Number, keep: ["modified"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_was_found_before_is_not_looked_for_again()
    {
        var facts = Deals(1).SelectMany(deal => Facts(deal, "probability", deal.Id, null)).ToList();
        Assert.Single(HistoryProfile.Of(facts, [], _end, 0.95).LeftOut);
        Assert.Empty(HistoryProfile.Of(facts, [], _end, 0.95, leftOut: []).LeftOut);
    }

    /// <summary>A deal that ended nobody knows when is not open: it says nothing against what open deals bear out.</summary>
    [Fact]
    public void A_lost_deal_without_an_end_is_no_open_one()
    {
        var random = new Random(1);
        var facts = Deals(1, 6000)
            .SelectMany(deal =>
                Facts(deal, "x", (deal.Won ?? random.Next(10) < 4) || random.Next(10) < 3 ? "yes" : "no", null)
                    .Where(fact => deal.Won != false || random.Next(10) < 3 || fact.Kind == FactKind.OpportunityCreated)
                    .Select(fact =>
                        deal.Won == false && fact.Kind == FactKind.OpportunityCreated
                            ? fact with
                            {
                                Noun = (Opportunity)fact.Noun with { ClosedAt = null },
                            }
                            : fact
                    )
            )
            .ToList();
        Assert.Empty(HistoryProfile.Of(facts, [], _end, 0.95).LeftOut);
    }

    [Fact]
    public void A_plan_that_became_the_end_is_left_out()
    {
        var facts = new List<DatedFact>();
        foreach (var deal in Deals(1))
            facts.AddRange(Facts(deal, "x", null, deal.ClosedAt ?? deal.CreatedAt.AddDays(60)));
        var left = Assert.Single(HistoryProfile.Of(facts, [], _end, 0.95).LeftOut);
        Assert.Equal("expected_close_at", left.Column);
    }

    /// <summary>The count itself, its rank and its bands are one column, and so are won shares and amounts.</summary>
    [Theory]
    [InlineData("number", false)]
    [InlineData("word", false)]
    [InlineData("count", true)]
    [InlineData("rank", true)]
    [InlineData("band", true)]
    [InlineData("amount", true)]
    [InlineData("share of all", true)]
    public void What_partners_have_makes_a_feature_unless_it_counts_what_is_to_come(string kind, bool isLate)
    {
        var random = new Random(2);
        var deals = Deals(2, 4000);
        var amounts = deals.ToDictionary(deal => deal.Id, _ => Math.Round(1000 * random.NextDouble() * random.NextDouble()));
        var facts = deals
            .SelectMany(deal =>
                Facts(deal, "segment", deal.Id, null)
                    .Select(fact =>
                        fact.Noun is Opportunity row ? fact with { Noun = row with { Amount = amounts[deal.Id] } } : fact
                    )
            )
            .ToList();
        for (var p = 0; p < 30; p++)
        {
            var id = FormattableString.Invariant($"p{p}");
            var (own, won) = (Of(id).Count(), Of(id).Count(deal => deal.Won == true));
            var text = kind switch
            {
                "number" => Text((p * 7919) % 31),
                "word" => ((string[])["north", "south", "west"])[p * 7919 % 31 % 3],
                "count" => Text(own),
                "rank" => Text(
                    Enumerable.Range(0, 30).Count(other => Of(FormattableString.Invariant($"p{other}")).Count() > own)
                ),
                "band" => own > 80 ? "top"
                : own > 50 ? "middle"
                : "low",
                "amount" => Text(Of(id).Where(deal => deal.Won == true).Sum(deal => amounts[deal.Id])),
                _ => Text(100.0 * won / own),
            };
            var attributes = new Attributes(["staff"], [text]);
            facts.Add(
                new(
                    Sample.Day(2020, 1, 1),
                    FactKind.Partner,
                    id,
                    new Partner(id, null, null, null, null, null, null, null, attributes)
                )
            );
        }
        facts.Sort();
        var settings = HistoryProfile.Of(facts, [], _end, 0.95);
        Assert.Equal(isLate ? ["staff"] : [], settings.LeftOut.Select(one => one.Column));
        Assert.Equal(kind == "number" ? ["staff"] : [], settings.Fold.PartnerMeasures.Select(measure => measure.Name));

        IEnumerable<MadeDeal> Of(string partner) => deals.Where(deal => deal.Partner == partner);
        static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>Deals go to the account's own partner half of the time; its column names who came first, or who had been its own before.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_column_of_accounts_that_names_who_came_to_the_first_deal_is_left_out(bool isLate)
    {
        var random = new Random(4);
        var facts = new List<DatedFact>();
        var first = new Dictionary<int, string?>();
        foreach (var deal in Deals(4, 3000).OrderBy(deal => deal.CreatedAt))
        {
            var account = random.Next(300);
            var partner = deal.Partner is null || random.Next(2) == 0 ? deal.Partner : OwnOf(account);
            first.TryAdd(account, null);
            first[account] ??= partner;
            facts.AddRange(
                Facts(deal with { Partner = partner }, "x", null, null)
                    .Select(fact =>
                        fact.Noun is Opportunity row
                            ? fact with
                            {
                                Noun = row with { AccountId = FormattableString.Invariant($"a{account}") },
                            }
                            : fact
                    )
            );
        }
        foreach (var (account, partner) in first)
        {
            var id = FormattableString.Invariant($"a{account}");
            var attributes = new Attributes(["house"], [isLate ? partner : OwnOf(account)]);
            facts.Add(
                new(
                    Sample.Day(2020, 1, 1),
                    FactKind.Account,
                    id,
                    new Account(id, null, null, null, null, null, null, null, attributes)
                )
            );
        }
        facts.Sort();
        Assert.Equal(isLate ? ["house"] : [], HistoryProfile.Of(facts, [], _end, 0.95).LeftOut.Select(one => one.Column));

        static string OwnOf(int account) => FormattableString.Invariant($"p{account % 30}");
    }

    /// <summary>A number of accounts that was made of their outcomes, and one that only has to do with them.</summary>
    [Theory]
    [InlineData("share", true)]
    [InlineData("wins", true)]
    [InlineData("size", false)]
    public void A_number_of_accounts_that_follows_outcomes_to_come_is_left_out(string kind, bool isLate)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var sizes = Enumerable.Range(0, 60).Select(_ => random.NextDouble()).ToArray();
            var facts = new List<DatedFact>();
            var (won, all) = (new int[60], new int[60]);
            foreach (var deal in Deals(seed, 2000))
            {
                var account = random.Next(60);
                bool? isWon = deal.Won is null ? null : random.NextDouble() < 0.1 + 0.7 * sizes[account];
                won[account] += isWon == true ? 1 : 0;
                all[account] += isWon is null ? 0 : 1;
                var id = FormattableString.Invariant($"a{account}");
                facts.AddRange(
                    Facts(deal with { Won = isWon }, "x", null, null)
                        .Select(fact => fact.Noun is Opportunity row ? fact with { Noun = row with { AccountId = id } } : fact)
                );
            }
            for (var a = 0; a < 60; a++)
            {
                var number =
                    kind == "share" ? 10 + 1000.0 * won[a] / Math.Max(1, all[a])
                    : kind == "wins" ? 100 * won[a] + random.Next(30)
                    : Math.Round(10000 * (sizes[a] + 0.1 * random.NextDouble()));
                facts.Add(
                    new(
                        Sample.Day(2020, 1, 1),
                        FactKind.Account,
                        FormattableString.Invariant($"a{a}"),
                        new Account(
                            FormattableString.Invariant($"a{a}"),
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            new(["rank"], [number.ToString("R", CultureInfo.InvariantCulture)])
                        )
                    )
                );
            }
            Assert.Equal(isLate ? ["rank"] : [], HistoryProfile.Of(facts, [], _end, 0.95).LeftOut.Select(one => one.Column));
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
    static List<MadeDeal> Deals(int seed, int count = 900)
    {
        var random = new Random(seed);
        var deals = new List<MadeDeal>();
        for (var i = 0; i < count; i++)
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
        string[]? keep = null,
        bool many = false
    )
    {
        var random = new Random(seed);
        var facts = Deals(seed, many ? 6000 : 900).SelectMany(deal => Facts(deal, column, value(deal, random), null)).ToList();
        return HistoryProfile.Of(facts, [], _end, 0.95, keep: keep).LeftOut;
    }
}
