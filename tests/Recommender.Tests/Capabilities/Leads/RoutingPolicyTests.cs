using Recommender.Capabilities.Leads;
using Recommender.CoSell;
using Recommender.Facts;
using Recommender.Fold;
using Recommender.Ranking;

namespace Recommender.Tests.Capabilities.Leads;

/// <summary>Policies and what they rest on: working hours, and how likely each of our own people wins.</summary>
public sealed class RoutingPolicyTests
{
    [Theory]
    [InlineData("{\n \"offers\": 0}", 2, "offers is 0; expected 1 to 10")]
    [InlineData("{\n\n \"lift_abov\": 0}", 3, "$.lift_abov: not as expected")]
    [InlineData("{\"offers\": 2,\n \"offers\": 3}", 2, "not as expected")]
    [InlineData("{\"accept_within_hours\": \"soon\"}", 1, "$.accept_within_hours: not as expected")]
    [InlineData("{\"at_work_only\": true}", 1, "at_work_only needs working_hours")]
    [InlineData(
        "{\"working_hours\":{\"from\":\"9\",\"to\":\"17:00\"}}",
        1,
        "from is '9'; expected a time of the day such as 09:00"
    )]
    [InlineData("{\"working_hours\":{\"from\":\"17:00\",\"to\":\"09:00\"}}", 1, "to is not after from")]
    [InlineData(
        "{\"working_hours\":{\"from\":\"09:00\",\"to\":\"17:00\",\n\"time_zone\":\"Vienna\"}}",
        2,
        "time_zone is 'Vienna'"
    )]
    [InlineData("{\"working_hours\":{\"days\":[\"monday\"],\"from\":\"09:00\",\"to\":\"17:00\"}}", 1, "days are 'monday'")]
    [InlineData("{\"working_hours\":{\"days\":[null],\"from\":\"09:00\",\"to\":\"17:00\"}}", 1, "days are")]
    [InlineData("{\"queue\":\" \"}", 1, "queue is empty")]
    [InlineData("null", 1, "found null")]
    [InlineData("{", 1, "not as expected")]
    public void A_policy_with_an_error_is_refused_with_its_line(string text, int line, string message)
    {
        Assert.Null(RoutingPolicy.Read(text, 1, out var faults));
        Assert.Contains(faults, fault => fault.Line == line && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_policy_does_not_say_is_the_default()
    {
        var policy = RoutingPolicy.Read("{}", 7, out var faults)!;
        Assert.Empty(faults);
        Assert.Equal(RoutingPolicy.Default with { Version = 7 }, policy);
    }

    [Theory]
    [InlineData("2026-11-27T16:00:00Z", 2, "2026-11-30T10:00:00Z")] // Friday afternoon into Monday
    [InlineData("2026-11-28T12:00:00Z", 1, "2026-11-30T10:00:00Z")] // a Saturday
    [InlineData("2026-11-27T09:00:00Z", 8, "2026-11-27T17:00:00Z")] // a whole day ends with it
    [InlineData("2026-11-27T03:00:00Z", 0.5, "2026-11-27T09:30:00Z")]
    public void Time_to_answer_is_counted_in_working_hours(string now, double hours, string by)
    {
        var policy = RoutingPolicy.Read(
            FormattableString.Invariant(
                $$$"""{"accept_within_hours":{{{hours}}},"working_hours":{"from":"09:00","to":"17:00"}}"""
            ),
            1,
            out _
        )!;
        Assert.Equal(At(by), policy.AcceptBy(At(now), null));
    }

    [Fact]
    public void Working_hours_are_those_of_the_clock_there_also_when_it_is_put_forward()
    {
        var policy = RoutingPolicy.Read(
            """{"accept_within_hours":1,"working_hours":{"days":["sun","mon","fri"],"from":"02:30","to":"12:00"}}""",
            1,
            out _
        )!;
        // On 29 March 2026 the clocks of Vienna go from 2 to 3.
        Assert.Equal(At("2026-03-29T02:30:00Z"), policy.AcceptBy(At("2026-03-28T20:00:00Z"), "Europe/Vienna"));
        Assert.Equal(At("2026-03-30T01:30:00Z"), policy.AcceptBy(At("2026-03-29T20:00:00Z"), "Europe/Vienna"));
        Assert.Equal(At("2026-03-27T02:30:00Z"), policy.AcceptBy(At("2026-03-26T20:00:00Z"), "Europe/Vienna"));
        // A zone that nobody knows is that of the policy.
        Assert.Equal(
            policy.AcceptBy(At("2026-03-26T20:00:00Z"), null),
            policy.AcceptBy(At("2026-03-26T20:00:00Z"), "Nowhere/Else")
        );
    }

    static DateTime At(string text) => Instants.TryParse(text, out var at) ? at : throw new ArgumentException(text, nameof(text));

    [Fact]
    public void Who_wins_more_in_an_industry_is_likelier_to_win_there_and_few_deals_say_little()
    {
        var settings = new RankingModels(null, null).Folds[0];
        Assert.Contains(settings.Dimensions, dimension => dimension.Name == "industry");
        var state = new HistoryState(settings);
        foreach (var industry in (string[])["retail", "energy"])
            state.Apply(
                new(
                    Sample.Day(2020, 1, 1),
                    FactKind.Account,
                    industry,
                    new Account(new(industry), null, industry, null, null, null, null, null, Attributes.None)
                )
            );
        var random = new Random(3);
        var deals = 0;
        void Sell(string owner, string industry, int count, double won)
        {
            for (var i = 0; i < count; i++)
            {
                var at = Sample.Day(2021, 1, 1).AddDays(deals++ % 1000);
                var row = new Opportunity(
                    new($"o{deals}"),
                    new(industry),
                    null,
                    null,
                    null,
                    at,
                    null,
                    at.AddDays(30),
                    random.NextDouble() < won ? Outcome.Won : Outcome.Lost,
                    owner,
                    Attributes.None
                );
                state.Apply(new(at, FactKind.OpportunityCreated, row.Id.Value, row));
                state.Apply(new(at.AddDays(30), FactKind.OpportunityClosed, row.Id.Value, row));
            }
        }
        Sell("retailer", "retail", 300, 0.7);
        Sell("retailer", "energy", 300, 0.2);
        Sell("engineer", "retail", 300, 0.2);
        Sell("engineer", "energy", 300, 0.7);
        Sell("lucky", "retail", 2, 1);
        state.AdvanceTo(Sample.AsOf);
        double Of(string who, string industry, double? alone = null) =>
            new RepChances(state, state.FindAccountState(new(industry))!, null).Of(who, alone).Probability;
        Assert.InRange(Of("retailer", "retail"), 0.62, 0.76);
        Assert.InRange(Of("retailer", "energy"), 0.15, 0.28);
        Assert.True(Of("engineer", "energy") > Of("retailer", "energy") + 0.3);
        // People differ much here, so that two deals say something.
        Assert.InRange(Of("lucky", "retail"), 0.44, 0.64);
        // Of somebody of whom nothing is known it is what we have alone.
        Assert.Equal(0.3, Of("nobody", "retail", 0.3), 1e-9);
        Assert.True(Of("retailer", "retail", 0.3) > 0.45);
    }
}
