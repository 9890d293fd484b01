using CsCheck;
using Recommender.Capabilities.CoSellList;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Tests.History;

namespace Recommender.Tests.Scoring;

/// <summary>A deal long past its expected close weighs what such deals still came to in the history.</summary>
public class OverdueTests
{
    static readonly DateTime _now = SmallHistory.At(1000);

    [Fact]
    public void The_weight_is_the_share_of_such_deals_that_were_still_won_against_those_that_were_due()
    {
        var state = new HistoryState(SmallHistory.Settings.Fold);
        // Of a thousand that reached their expected close, half were won: 400 within the month, 100 of the 600 that went on.
        for (var i = 0; i < 1000; i++)
            Close(state, $"o{i}", slip: i < 400 ? 10 : 40, won: i < 500);
        var rates = new OverdueRates(state.ClosedPastExpected, [], _now);
        Assert.Equal((1000, 500), (rates.All[0].Deals, rates.All[0].Won));
        Assert.Equal((600, 100), (rates.All[1].Deals, rates.All[1].Won));
        Assert.Equal(1, rates.WeightAt(5));
        Assert.Equal((100 + 2.5) / 610 / 0.5, rates.WeightAt(45), 1e-12);
        // Nobody got further: half, as where there is no history.
        Assert.Equal(0.5, rates.WeightAt(500), 1e-12);
        Assert.Equal(
            0.5,
            new OverdueRates(new HistoryState(SmallHistory.Settings.Fold).ClosedPastExpected, [], _now).WeightAt(45)
        );
        // Those that are open still were not won.
        var zombies = Enumerable.Range(0, 600).Select(i => Deal($"z{i}", expected: 900, closed: null, Outcome.Open));
        Assert.True(new OverdueRates(state.ClosedPastExpected, zombies, _now).WeightAt(45) < rates.WeightAt(45));
    }

    [Fact]
    public void Deals_that_are_corrected_reopened_and_redated_leave_no_count_behind()
    {
        Gen.Select(Gen.Int[0, 3], Gen.Int[-50, 400], Gen.Int[0, 2])
            .Array[1, 30]
            .Sample(changes =>
            {
                var told = new HistoryState(SmallHistory.Settings.Fold);
                var rows = new Dictionary<string, Opportunity>();
                foreach (var (deal, slip, outcome) in changes)
                {
                    var now = Deal($"o{deal}", 100, outcome == 0 ? null : 100 + slip, (Outcome)outcome);
                    now = now with { ExpectedCloseAt = SmallHistory.At(100 + slip / 7) };
                    var was = rows.GetValueOrDefault($"o{deal}");
                    Tell(told, was, now);
                    rows[$"o{deal}"] = now;
                }
                var final = new HistoryState(SmallHistory.Settings.Fold);
                foreach (var row in rows.Values)
                    Tell(final, null, row);
                Assert.Equal(final.ClosedPastExpected, told.ClosedPastExpected);
            });
    }

    [Fact]
    public void Urgency_falls_with_the_days_past_the_expected_close_as_the_history_says()
    {
        var state = new HistoryState(SmallHistory.Settings.Fold);
        for (var i = 0; i < 100; i++)
            Close(state, $"o{i}", slip: i < 50 ? 1 : 100, won: i < 50);
        var rates = new OverdueRates(state.ClosedPastExpected, [], _now);
        double Of(int days) => CoSellPriority.Urgency(_now.AddDays(days), rates, _now);
        Assert.Equal([0.4, 0.6, 0.8, 1, 1, 1], new[] { 200, 100, 50, 10, 0, -5 }.Select(Of));
        Assert.True(Of(-100) < 0.1);
        Assert.Equal(0.5, CoSellPriority.Urgency(null, rates, _now));
        Assert.False(OverdueRates.IsOverdue(_now.Date, _now));
        Assert.True(OverdueRates.IsOverdue(_now.AddDays(-1), _now));
        Assert.False(OverdueRates.IsOverdue(null, _now));
    }

    static void Close(HistoryState state, string id, int slip, bool won) =>
        Tell(state, null, Deal(id, 100, 100 + slip, won ? Outcome.Won : Outcome.Lost));

    static void Tell(HistoryState state, Opportunity? was, Opportunity now)
    {
        state.Apply(Fact(FactKind.OpportunityCreated, now) with { Replaced = was });
        if (now.Outcome != Outcome.Open)
            state.Apply(
                Fact(FactKind.OpportunityClosed, now) with
                {
                    Replaced = was is { Outcome: not Outcome.Open } ? was : null,
                }
            );
        else if (was is { Outcome: not Outcome.Open })
            state.Apply(Fact(FactKind.OpportunityClosed, was) with { IsRetraction = true });
    }

    static DatedFact Fact(FactKind kind, Opportunity row) => new(_now, kind, row.Id.Value, row);

    static Opportunity Deal(string id, int expected, int? closed, Outcome outcome) =>
        new(
            id,
            "a1",
            "core",
            1000,
            "USD",
            SmallHistory.At(1),
            SmallHistory.At(expected),
            closed is { } day ? SmallHistory.At(day) : null,
            outcome,
            null,
            Attributes.None
        );
}
