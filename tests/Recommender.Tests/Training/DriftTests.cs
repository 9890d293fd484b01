using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Histories that go on as before, and histories that do not.</summary>
public class DriftTests
{
    const double Convention = 0.25;
    const int Days = 3 * 365;

    static readonly DateTime _first = Sample.Day(2020, 1, 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_history_that_goes_on_as_before_moves_no_feature(bool isFit) =>
        Assert.DoesNotContain(Shifts(History(), isFit), Moved);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_count_that_grows_at_a_constant_rate_would_have_moved_as_it_is(bool isFit)
    {
        // What the shorter history is for: without it the same counts raise the alarm.
        var shifts = Shifts(History(), isFit, cut: 0);
        Assert.Contains(shifts, shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal));
        Assert.DoesNotContain(
            Shifts(History(), isFit),
            shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Deals_ten_times_as_large_have_moved()
    {
        var shifts = Shifts(History(amount: day => day < Days - 365 ? 1 : 10), isFit: false);
        Assert.True(Moved(shifts.Single(shift => shift.Name == "amount")));
    }

    [Fact]
    public void A_business_that_grows_as_a_whole_moves_no_count_of_its_partners()
    {
        var shifts = Shifts(History(deals: day => 2 + day / 365), isFit: true);
        Assert.DoesNotContain(shifts, shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal));
    }

    [Fact]
    public void Partners_who_get_all_the_work_from_some_day_on_have_moved()
    {
        var shifts = Shifts(History(partners: day => day < Days - 400 ? 120 : 12), isFit: true);
        Assert.Contains(shifts, shift => Moved(shift) && shift.Name == "partner_engagements_recent");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Win_rates_of_partners_who_win_no_more_have_moved(bool isFit)
    {
        var shifts = Shifts(History(chance: day => day < Days - 400 ? 0.7 : 0), isFit);
        Assert.True(Moved(shifts.Single(shift => shift.Name == (isFit ? "partner_win_rate" : "with_partner_win_rate"))));
    }

    [Fact]
    public void What_goes_with_the_calendar_is_not_compared()
    {
        var names = Shifts(History(), isFit: false).Select(shift => shift.Name).ToList();
        Assert.Contains("amount", names);
        Assert.DoesNotContain("overall_win_rate", names);
        Assert.DoesNotContain("industry_deal_win_rate", names);
        Assert.DoesNotContain("created_at", names);
    }

    [Fact]
    public void A_shorter_history_is_without_the_deals_of_its_beginning_and_all_that_was_done_on_them()
    {
        var facts = History();
        var kept = Drift.WithoutTheFirst(400, facts).ToList();
        static List<Opportunity> Created(IEnumerable<DatedFact> facts) =>
            [.. facts.Where(fact => fact.Kind == FactKind.OpportunityCreated).Select(fact => (Opportunity)fact.Noun)];
        var deals = Created(kept);
        Assert.Equal(Created(facts).Skip(400), deals);
        var ids = deals.Select(deal => deal.Id).ToHashSet();
        Assert.All(
            kept.Select(fact => fact.Noun).OfType<Engagement>(),
            engagement => Assert.Contains(engagement.OpportunityId, ids)
        );
        Assert.All(
            kept.Where(fact => fact.Kind == FactKind.OpportunityClosed),
            fact => Assert.Contains(((Opportunity)fact.Noun).Id, ids)
        );
        Assert.Equal(facts.Count(fact => fact.Noun is Account or Partner), kept.Count(fact => fact.Noun is Account or Partner));
        Assert.Equal(facts.Count, Drift.WithoutTheFirst(0, facts).Count());
    }

    [Fact]
    public void Chance_alone_exceeds_its_limit_about_once_in_a_thousand_times()
    {
        var random = new Random(5);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
        var times = Enumerable
            .Range(0, 4000)
            .Count(_ => PopulationStability.Index(Draw(300), Draw(200)) > PopulationStability.ByChance(300, 200));
        Assert.InRange(times, 1, 20);
        Assert.True(PopulationStability.ByChance(3000, 3000) < 0.02);
        Assert.Equal(double.PositiveInfinity, PopulationStability.ByChance(0, 10));
    }

    static bool Moved(FeatureShift shift) => shift.Psi > Math.Max(Convention, shift.ByChance);

    /// <summary>The last year against the one before, of a history of three.</summary>
    static List<FeatureShift> Shifts(List<DatedFact> facts, bool isFit, int? cut = null)
    {
        var settings = HistoryProfile.Of(
            facts,
            ["accounts", "partners", "opportunities", "engagements"],
            _first.AddDays(Days),
            0.95
        );
        var deals = Deal.KnownBefore(facts, _first.AddDays(Days));
        List<Deal> From(int day) =>
            [
                .. deals
                    .Where(deal => deal.Row.CreatedAt >= _first.AddDays(day) && deal.Row.CreatedAt < _first.AddDays(day + 365))
                    .OrderBy(deal => deal.Row.CreatedAt),
            ];
        DriftRows Rows(IEnumerable<DatedFact> seen, int from)
        {
            var featurizer = new Featurizer(settings, new HistoryState(settings.Fold));
            using var replay = new Replay(seen, featurizer.State);
            return Drift.Rows(Sample.SmallConfig, settings, featurizer, replay, From(from), isFit);
        }
        return Drift.Of(
            new(settings, new HistoryState(settings.Fold)),
            Rows(facts, Days - 2 * 365),
            Rows(
                Drift.WithoutTheFirst(cut ?? Drift.DealsBetween(deals, From(Days - 2 * 365), From(Days - 365)), facts),
                Days - 365
            ),
            isFit,
            Convention
        );
    }

    /// <summary>
    /// 400 accounts, 120 partners of unlike popularity; two deals a day or <paramref name="deals"/>, each with one partner,
    /// closed thirty days later.
    /// </summary>
    static List<DatedFact> History(
        Func<int, int>? deals = null,
        Func<int, int>? amount = null,
        Func<int, double>? chance = null,
        Func<int, int>? partners = null
    )
    {
        var random = new Random(3);
        var facts = new List<DatedFact>();
        for (var a = 0; a < 400; a++)
        {
            var id = $"A{a:000}";
            var created = _first.AddDays(-(a % 300));
            facts.Add(
                new(
                    _first,
                    FactKind.Account,
                    id,
                    new Account(id, id, $"industry {a % 7}", "DE", $"region {a % 5}", 100 + a, null, created, Attributes.None)
                )
            );
        }
        for (var p = 0; p < 120; p++)
        {
            var id = $"P{p:000}";
            facts.Add(
                new(
                    _first,
                    FactKind.Partner,
                    id,
                    new Partner(id, id, $"kind {p % 3}", null, null, null, null, null, Attributes.None)
                )
            );
        }
        var count = 0;
        for (var day = 0; day < Days; day++)
        {
            for (var i = 0; i < (deals?.Invoke(day) ?? 2); i++)
            {
                var (at, id) = (_first.AddDays(day), $"O{count++:00000}");
                var deal = new Opportunity(
                    id,
                    $"A{random.Next(400):000}",
                    $"product {random.Next(4)}",
                    (1000 + 9000 * random.NextDouble()) * (amount?.Invoke(day) ?? 1),
                    "EUR",
                    at,
                    null,
                    null,
                    Outcome.Open,
                    null,
                    Attributes.None
                );
                var some = partners?.Invoke(day) ?? 120;
                var number = Math.Min(random.Next(some), random.Next(some));
                var partner = $"P{number:000}";
                facts.Add(new(at, FactKind.OpportunityCreated, id, deal));
                facts.Add(new(at, FactKind.Engagement, id, new Engagement("E" + id, id, partner, "co_sell", at)));
                var closed = deal with
                {
                    ClosedAt = at.AddDays(30),
                    Outcome = random.NextDouble() < (chance?.Invoke(day) ?? 0.5) ? Outcome.Won : Outcome.Lost,
                };
                facts.Add(new(at.AddDays(30), FactKind.OpportunityClosed, id, closed));
            }
        }
        return [.. facts.Order()];
    }
}
