using Recommender.CoSell;
using Recommender.Features;
using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

/// <summary>Outcomes that cannot teach chances are named, and win probability is refused for them.</summary>
public class OutcomeChecksTests
{
    static readonly DateTime _matured = Sample.Day(2026, 1, 1);
    static readonly GateVerdict _passed = new(true, "Better.");

    [Theory]
    [InlineData(0.7, 0, false)]
    [InlineData(0.5, 0.5, true)]
    [InlineData(0.05, 0, true)]
    [InlineData(0, 0, true)]
    public void Lost_deals_without_an_end_are_counted_and_refuse_where_the_share_won_is_off(
        double lostWithout,
        double wonWithout,
        bool promote
    )
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var deals = Enumerable
                .Range(0, 1000)
                .Select(i =>
                {
                    var isWon = random.Next(10) < 4;
                    return Deal(i, isWon, random.NextDouble() >= (isWon ? wonWithout : lostWithout));
                })
                .ToList();
            var verdict = OutcomeChecks
                .Of([], deals, _matured, Endings.Settle(deals, _matured, 1000), [], new())
                .OfWinning(_passed);
            Assert.Equal(promote, verdict.Promote);
            Assert.Contains("Better.", verdict.Reason, StringComparison.Ordinal);
            Assert.Equal(lostWithout > 0, verdict.Reason.Contains("lost and", StringComparison.Ordinal));
            Assert.Equal(!promote, verdict.Reason.Contains("every chance would be too high", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(19, true)]
    [InlineData(20, false)]
    public void A_history_without_open_deals_is_told_that_columns_could_not_be_held_against_them(int open, bool isTold)
    {
        var deals = Enumerable.Range(0, 100).Select(i => Deal(i, i < 40, hasEnd: true)).ToList();
        foreach (var deal in deals.Take(open))
            deal.Outcome = Outcome.Open;
        var checks = OutcomeChecks.Of([], deals, _matured, Endings.Settle(deals, _matured, 1000), [], new());
        foreach (var verdict in (GateVerdict[])[checks.OfFit(_passed), checks.OfWinning(_passed)])
        {
            Assert.True(verdict.Promote);
            Assert.Equal(isTold, verdict.Reason.Contains("could not be held against open deals", StringComparison.Ordinal));
        }
    }

    /// <summary>Partners recorded when the commission was paid, and those that are only a good sign; open deals as they are, or none.</summary>
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(3, 0, true)]
    [InlineData(0, null, true)]
    [InlineData(0, 60, true)]
    [InlineData(0, 25, false)]
    [InlineData(20, 0, false)]
    public void Partners_on_won_deals_alone_refuse_unless_open_deals_bear_it_out(int ofLost, int? ofOpen, bool isLate)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var deals = new List<Deal>();
            for (var i = 0; i < (ofOpen is null ? 800 : 1000); i++)
            {
                var deal = Deal(i, random.Next(10) < 4, hasEnd: true, isOpen: i >= 800);
                var percent =
                    deal.Outcome == Outcome.Open ? ofOpen!.Value
                    : deal.Outcome == Outcome.Won ? 60
                    : ofLost;
                if (random.Next(100) < percent)
                    deal.Engagements.Add(("p", deal.Row.CreatedAt));
                deals.Add(deal);
            }
            var verdict = OutcomeChecks
                .Of([], deals, _matured, Endings.Settle(deals, _matured, 1000), [], new())
                .OfWinning(_passed);
            Assert.Equal(!isLate, verdict.Promote);
            Assert.Equal(isLate, verdict.Reason.StartsWith("Partners stand on", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Touches_on_won_deals_alone_refuse_where_they_make_features_before_the_end(bool isBefore)
    {
        var deals = Enumerable.Range(0, 500).Select(i => Deal(i, i % 2 == 0, hasEnd: true)).ToList();
        var facts = deals
            .Where(deal => deal.Outcome == Outcome.Won)
            .Select(deal =>
            {
                var (id, at) = (deal.Row.Id, isBefore ? deal.Row.CreatedAt.AddDays(3) : deal.Row.ClosedAt!.Value.AddDays(3));
                return new DatedFact(at, FactKind.Touch, "t" + id, new Touch("t" + id, null, id, null, "call", at));
            })
            .ToList();
        foreach (var hasFeatures in (bool[])[true, false])
        {
            FeatureColumn[] columns = hasFeatures ? [new("deal_touches", "", Ideas.Touches)] : [];
            var alarms = OutcomeChecks.Of(facts, deals, _matured, Endings.Settle(deals, _matured, 1000), columns, new()).Alarms;
            Assert.Equal(isBefore && hasFeatures ? 1 : 0, alarms.Count);
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(5, true)]
    [InlineData(40, true)]
    public void Deals_that_are_never_closed_are_told_and_refuse_nothing(int leftOpen, bool isTold)
    {
        var deals = Enumerable
            .Range(0, 200)
            .Select(i => Deal(i, i % 2 == 0, hasEnd: true, isOpen: i >= 160 && i < 160 + leftOpen))
            .ToList();
        var checks = OutcomeChecks.Of([], deals, _matured, Endings.Settle(deals, _matured, 60), [], new());
        Assert.Equal(isTold, checks.Notes.Any(said => said.Contains("are still open", StringComparison.Ordinal)));
        Assert.True(checks.OfWinning(_passed).Promote);
    }

    [Fact]
    public void What_is_open_because_it_is_new_is_no_deal_that_was_never_closed()
    {
        var deals = Enumerable.Range(0, 200).Select(i => Deal(i, i % 2 == 0, hasEnd: true, isOpen: i < 100)).ToList();
        var checks = OutcomeChecks.Of([], deals, _matured, Endings.Settle(deals, _matured, 60), [], new());
        Assert.DoesNotContain(
            checks.Notes.Concat(checks.Alarms),
            said => said.Contains("are still open", StringComparison.Ordinal)
        );
    }

    static Deal Deal(int number, bool isWon, bool hasEnd, bool isOpen = false)
    {
        var created = _matured.AddDays(-1 - number);
        var outcome = isWon ? Outcome.Won : Outcome.Lost;
        var id = FormattableString.Invariant($"o{number}");
        return new(
            new Opportunity(
                id,
                "a",
                null,
                100,
                null,
                created,
                null,
                hasEnd && !isOpen ? created.AddDays(60) : null,
                isOpen ? Outcome.Open : outcome,
                null,
                Attributes.None
            )
        )
        {
            Outcome = hasEnd && !isOpen ? outcome : Outcome.Open,
        };
    }
}
