using Recommender.CoSell;
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
            var verdict = OutcomeChecks.Of(deals, _matured, new()).OfWinning(_passed);
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
        var checks = OutcomeChecks.Of(deals, _matured, new());
        foreach (var verdict in (GateVerdict[])[checks.OfFit(_passed), checks.OfWinning(_passed)])
        {
            Assert.True(verdict.Promote);
            Assert.Equal(isTold, verdict.Reason.Contains("could not be held against open deals", StringComparison.Ordinal));
        }
    }

    static Deal Deal(int number, bool isWon, bool hasEnd)
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
                hasEnd ? created.AddDays(60) : null,
                outcome,
                null,
                Attributes.None
            )
        )
        {
            Outcome = hasEnd ? outcome : Outcome.Open,
        };
    }
}
