using Recommender.CoSell;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class TrialTests
{
    static readonly DateTime _created = Sample.Day(2024, 1, 1);
    static readonly DateTime _closed = Sample.Day(2024, 4, 10);
    const int Period = 25;

    static List<TrialAt> Trials(params (string Role, DateTime At)[] engagements)
    {
        var deal = DealOf(engagements);
        return [.. TrialExamples.When(deal, Period, Sample.Day(2025, 1, 1))];
    }

    static Deal DealOf(params (string Role, DateTime At)[] engagements)
    {
        var row = new Opportunity("O1", "A1", null, null, null, _created, null, _closed, Outcome.Won, null, Attributes.None);
        var facts = new List<DatedFact>
        {
            new(_created, FactKind.OpportunityCreated, "O1", row),
            new(_closed, FactKind.OpportunityClosed, "O1", row),
        };
        facts.AddRange(
            engagements.Select(
                (one, i) =>
                    new DatedFact(one.At, FactKind.Engagement, $"E{i}", new Engagement($"E{i}", "O1", $"P{i}", one.Role, one.At))
            )
        );
        return Assert.Single(Deal.KnownBefore(facts, Sample.Day(2025, 1, 1)));
    }

    [Fact]
    public void A_deal_that_never_gets_a_partner_is_untreated_at_the_start_of_each_period()
    {
        var trials = Trials();
        Assert.Equal([0, 25, 50, 75], trials.Select(trial => trial.Moment.Age));
        Assert.All(
            trials,
            trial => Assert.True(trial.Moment is { IsUntreated: true, IsTreated: false, Joins: false, Exposure: 1 })
        );
        Assert.Equal([100, 75, 50, 25], trials.Select(trial => trial.Moment.Remaining));
    }

    [Fact]
    public void Who_joins_later_is_treated_as_the_deal_stood_then_and_untreated_never()
    {
        var trials = Trials(("co_sell", Sample.Day(2024, 2, 10)));
        Assert.Equal([0, 25, 40], trials.Select(trial => trial.Moment.Age));
        Assert.Equal([false, true, false], trials.Select(trial => trial.Moment.Joins));
        Assert.Equal([false, false, true], trials.Select(trial => trial.Moment.IsTreated));
        Assert.DoesNotContain(trials, trial => trial.Moment.IsUntreated);
    }

    [Fact]
    public void Who_comes_at_creation_or_before_it_is_treated_at_creation()
    {
        foreach (var at in (DateTime[])[_created, _created.AddDays(-3)])
        {
            var trial = Assert.Single(Trials(("sourced", at)));
            Assert.True(trial.Moment is { IsTreated: true, Joins: true, Age: 0 });
        }
    }

    [Theory]
    [InlineData("services", 30)]
    [InlineData("co_sell", 30)]
    [InlineData("co_sell", 0)]
    public void Who_comes_after_the_close_or_on_its_day_is_no_treatment(string role, int days) =>
        Assert.All(Trials((role, _closed.AddDays(days))), trial => Assert.True(trial.Moment.IsUntreated));

    [Fact]
    public void Services_are_no_treatment_before_the_close_either()
    {
        Assert.All(Trials(("services", Sample.Day(2024, 2, 10))), trial => Assert.True(trial.Moment.IsUntreated));
        var later = Trials(("services", Sample.Day(2024, 2, 10)), ("co_sell", Sample.Day(2024, 3, 1)));
        Assert.Equal(60, Assert.Single(later, trial => trial.Moment.IsTreated).Moment.Age);
    }

    [Fact]
    public void Who_comes_on_the_first_day_of_a_period_comes_in_it()
    {
        var trials = Trials(("co_sell", _created.AddDays(Period)));
        Assert.Equal([0, 25], trials.Select(trial => trial.Moment.Age));
        Assert.Equal([false, true], trials.Select(trial => trial.Moment.Joins));
        Assert.True(trials[1].Moment is { IsTreated: true, Exposure: 1 });
    }

    [Fact]
    public void A_deal_that_ended_after_the_cut_teaches_nothing() =>
        Assert.Empty(TrialExamples.When(DealOf(), Period, Sample.Day(2024, 4, 10)));
}
