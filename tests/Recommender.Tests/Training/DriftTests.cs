using Recommender.CoSell;
using Recommender.Features;
using Recommender.Fold;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Histories that go on as before, and histories that do not.</summary>
public class DriftTests
{
    const double Convention = 0.25;
    const int Days = PlantedHistory.Days;

    static readonly DateTime _first = PlantedHistory.First;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_history_that_goes_on_as_before_moves_no_feature(bool isFit) =>
        Assert.DoesNotContain(Shifts(PlantedHistory.Of(), isFit), Moved);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_count_that_grows_at_a_constant_rate_would_have_moved_as_it_is(bool isFit)
    {
        // What the shorter history is for: without it the same counts raise the alarm.
        var shifts = Shifts(PlantedHistory.Of(), isFit, cut: 0);
        Assert.Contains(shifts, shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal));
        Assert.DoesNotContain(
            Shifts(PlantedHistory.Of(), isFit),
            shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Deals_ten_times_as_large_have_moved()
    {
        var shifts = Shifts(PlantedHistory.Of(amount: day => day < Days - 365 ? 1 : 10), isFit: false);
        Assert.True(Moved(shifts.Single(shift => shift.Name == "amount")));
    }

    [Fact]
    public void A_business_that_grows_as_a_whole_moves_no_count_of_its_partners()
    {
        var shifts = Shifts(PlantedHistory.Of(deals: day => 2 + day / 365), isFit: true);
        Assert.DoesNotContain(shifts, shift => Moved(shift) && shift.Name.EndsWith("engagements", StringComparison.Ordinal));
    }

    [Fact]
    public void Partners_who_get_all_the_work_from_some_day_on_have_moved()
    {
        var shifts = Shifts(PlantedHistory.Of(partners: day => day < Days - 400 ? 120 : 12), isFit: true);
        Assert.Contains(shifts, shift => Moved(shift) && shift.Name == "partner_engagements_recent");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Win_rates_of_partners_who_win_no_more_have_moved(bool isFit)
    {
        var shifts = Shifts(PlantedHistory.Of(chance: (day, _) => day < Days - 400 ? 0.7 : 0), isFit);
        Assert.True(Moved(shifts.Single(shift => shift.Name == (isFit ? "partner_win_rate" : "with_partner_win_rate"))));
    }

    [Fact]
    public void What_goes_with_the_calendar_is_not_compared()
    {
        var names = Shifts(PlantedHistory.Of(), isFit: false).Select(shift => shift.Name).ToList();
        Assert.Contains("amount", names);
        Assert.DoesNotContain("overall_win_rate", names);
        Assert.DoesNotContain("industry_deal_win_rate", names);
        Assert.DoesNotContain("created_at", names);
    }

    [Fact]
    public void A_shorter_history_is_without_the_deals_of_its_beginning_and_all_that_was_done_on_them()
    {
        var facts = PlantedHistory.Of();
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
}
