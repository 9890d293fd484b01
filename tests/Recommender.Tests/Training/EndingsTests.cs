using Recommender.CoSell;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Deals that nobody closes count among all deals, and those that were closed in time do not stand for them.</summary>
public class EndingsTests
{
    const int Maturity = 100;
    static readonly DateTime _last = Sample.Day(2026, 1, 1);

    [Theory]
    [InlineData(0)]
    [InlineData(0.008)]
    public void Where_hardly_a_deal_is_left_open_it_counts_what_ended_and_nothing_else(double leftOpen)
    {
        var deals = Deals(5, leftOpen);
        Assert.False(Endings.Settle(deals, _last, Maturity).IsMaterial);
        foreach (var deal in deals)
            Assert.Equal(
                deal.Outcome == Outcome.Open ? null : new Ending(deal.Outcome == Outcome.Won, deal.Last.ClosedAt),
                deal.Ending
            );
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.4)]
    [InlineData(0.8)]
    public void The_share_won_of_all_that_count_is_that_of_all_deals(double leftOpen)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var deals = Deals(seed, leftOpen);
            var endings = Endings.Settle(deals, _last, Maturity);
            Assert.True(endings.IsMaterial);
            var counted = deals.Where(deal => deal.Ending is not null).ToList();
            Assert.All(counted, deal => Assert.True((_last - deal.Row.CreatedAt).TotalDays >= Maturity));
            Assert.InRange(counted.Average(deal => deal.Ending!.Value.IsWon ? 1.0 : 0), 0.36, 0.44);
            // Of those between one and two horizons some are still won: nearly none where most are never closed, one in three where few are.
            var young = counted
                .Where(deal => deal.Outcome == Outcome.Open && (_last - deal.Row.CreatedAt).TotalDays < 1.2 * Maturity)
                .ToList();
            Assert.InRange(young.Average(deal => deal.Ending!.Value.IsWon ? 1.0 : 0), 0, 0.45 * (1 - leftOpen) + 0.02);
        }
    }

    [Fact]
    public void An_ending_that_nobody_wrote_down_comes_after_the_last_sign_of_life()
    {
        var deals = Deals(3, 0.4);
        foreach (var deal in deals)
            deal.StagesAt.Add(deal.Row.CreatedAt.AddDays(30));
        deals[0].Engagements.Add(("p", deals[0].Row.CreatedAt.AddDays(700)));
        Endings.Settle(deals, _last, Maturity);
        foreach (var deal in deals.Where(deal => deal.Outcome == Outcome.Open && deal.Ending is not null))
            Assert.True(deal.Ending!.Value.At > deal.Row.CreatedAt.AddDays(30));
        // Where no lost deal lasted as long, it ends with that sign.
        Assert.Equal(new(false, deals[0].Row.CreatedAt.AddDays(701)), deals[0].Ending);
    }

    /// <summary>At the end of the curve a deal is all there is at risk.</summary>
    [Theory]
    [InlineData(0, 998)]
    [InlineData(800, 1700)]
    public void One_deal_that_was_won_after_years_makes_no_others_won(int before, int days)
    {
        var deals = Deals(1, 0.4);
        var created = deals[0].Row.CreatedAt.AddDays(-before);
        deals[0] = Deal("oldest", created, Outcome.Won, created.AddDays(days));
        Endings.Settle(deals, _last, Maturity);
        Assert.InRange(
            deals.Where(deal => deal.Ending is not null).Average(deal => deal.Ending!.Value.IsWon ? 1.0 : 0),
            0.36,
            0.44
        );
    }

    [Fact]
    public void What_was_seen_after_the_last_deal_was_created_counts()
    {
        var deals = Deals(2, 0.4);
        foreach (var deal in deals.Where(deal => deal.Last.ClosedAt is not null))
            deal.Outcome = deal.Last.Outcome;
        var endings = Endings.Settle(deals, _last.AddDays(3 * Maturity), Maturity);
        Assert.Equal(deals.Count, endings.Old);
        Assert.All(deals, deal => Assert.NotNull(deal.Ending));
        Assert.All(deals.Where(deal => deal.Outcome == Outcome.Open), deal => Assert.False(deal.Ending!.Value.IsWon));
    }

    [Fact]
    public void A_partner_that_sells_on_a_deal_that_nobody_closed_came_before_its_end()
    {
        var deals = Deals(4, 0.4);
        var open = deals.FindAll(deal => deal.Outcome == Outcome.Open && (_last - deal.Row.CreatedAt).TotalDays > 2 * Maturity);
        foreach (var (deal, i) in open.Select((deal, i) => (deal, i)))
        {
            deal.Engagements.Add(("p", deal.Row.CreatedAt.AddDays(10)));
            deal.Selling.Add(("p", deal.Row.CreatedAt.AddDays(60 + i % 100), "co_sell"));
        }
        Endings.Settle(deals, _last, Maturity);
        Assert.All(open, deal => Assert.Contains(TrialExamples.When(deal, 10, _last.AddDays(1)), at => at.Moment.IsTreated));
    }

    [Fact]
    public void A_history_in_which_nothing_ended_says_nothing()
    {
        var deals = Deals(6, 0.4);
        foreach (var deal in deals)
            deal.Outcome = Outcome.Open;
        Assert.False(Endings.Settle(deals, _last, Maturity).IsMaterial);
        Assert.False(Endings.Settle([], _last, Maturity).IsMaterial);
        Assert.All(deals, deal => Assert.Null(deal.Ending));
    }

    /// <summary>Two in five are won, after 60 days on average; of the others some are never closed. Four a day; the oldest is never closed.</summary>
    static List<Deal> Deals(int seed, double leftOpen)
    {
        var random = new Random(seed);
        var deals = new List<Deal>();
        for (var i = 0; i < 4000; i++)
        {
            var created = _last.AddDays(-0.25 * (3999 - i));
            var isWon = random.NextDouble() < 0.4;
            var isClosed = i > 0 && (isWon || random.NextDouble() >= leftOpen);
            var closedAt = created.AddDays((isWon ? 20 : 5) + 90 * random.NextDouble());
            var outcome =
                !isClosed || closedAt > _last ? Outcome.Open
                : isWon ? Outcome.Won
                : Outcome.Lost;
            deals.Add(Deal(FormattableString.Invariant($"o{seed}-{i}"), created, outcome, closedAt));
        }
        return deals;
    }

    static Deal Deal(string id, DateTime created, Outcome outcome, DateTime closedAt)
    {
        DateTime? end = outcome == Outcome.Open ? null : closedAt;
        return new(new(id, "a", null, 100, null, created, null, end, outcome, null, Attributes.None)) { Outcome = outcome };
    }
}
