using Recommender.Models;
using Recommender.Training;

namespace Recommender.Tests.Training;

public class EffectLearningTests
{
    /// <summary>Groups with true values around 0.5, one row in four without a group; the slope of the first column is 1.</summary>
    [Fact]
    public void The_mixed_regression_finds_intercept_and_groups_and_shrinks_those_with_few_rows()
    {
        const int Groups = 40;
        var random = new Random(4);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var truth = Enumerable.Range(0, Groups).Select(_ => 0.6 * Normal()).ToArray();
        var rows = new List<double[]>();
        var won = new List<bool>();
        var group = new List<int>();
        for (var i = 0; i < 20_000; i++)
        {
            // The last group is met thrice only.
            var g =
                i % 4 == 0 ? -1
                : i < 12 ? Groups - 1
                : random.Next(Groups - 1);
            var x = Normal();
            rows.Add([x, 1, g >= 0 ? 1 : 0]);
            group.Add(g);
            won.Add(random.NextDouble() < 1 / (1 + Math.Exp(-(x - 0.3 + (g >= 0 ? 0.5 + truth[g] : 0)))));
        }
        var regression = new MixedLogistic([.. rows], [.. won], null, [.. group], Groups, [new(1, 2), new(0, 2), new(0, 2)]);
        regression.Fit();
        Assert.Equal(1, regression.Coefficients[0], 0.1);
        Assert.Equal(-0.3, regression.Coefficients[1], 0.1);
        var inside = 0;
        for (var g = 0; g < Groups - 1; g++)
        {
            var (value, variance, _) = regression.Group(g);
            if (Math.Abs(value - (truth[g] - truth[..^1].Average())) < 1.645 * Math.Sqrt(variance) + 0.05)
                inside++;
        }
        Assert.InRange(inside, 31, 39);
        Assert.True(regression.Group(Groups - 1).Variance > 3 * regression.Group(0).Variance);
        Assert.InRange(regression.GroupVariance, 0.2, 0.6);
    }

    static PartnerEffect Effect() =>
        new()
        {
            Kinds = ["tier_is_gold"],
            Alone = [0.1, 1, 0, -0.5],
            AttractionMean = 0,
            ScoreMean = 2,
            ScoreDeviation = 2,
            ScoreLow = -1,
            ScoreHigh = 1.5,
            Coefficients = [0.5, 0.4, -0.3, 0.2],
            Covariance =
            [
                [0.01, 0, 0, 0],
                [0, 0.01, 0, 0],
                [0, 0, 0.01, 0],
                [0, 0, 0, 0.01],
            ],
            PartnerVariance = 0.25,
            PairVariance = 0,
            Partners = new Dictionary<string, PartnerDifference> { ["P1"] = new(50, 0.3, 0.04, [0, 0, 0, 0]) },
            DealsWith = 100,
            DealsWithout = 100,
            Gate = new(true, ""),
        };

    [Fact]
    public void A_lift_is_known_only_where_partners_that_suit_as_little_were_brought_in()
    {
        var effect = Effect();
        Assert.True(effect.IsSupported(0));
        Assert.False(effect.IsSupported(-0.1));
        // Suitability beyond what was seen counts as the most that was.
        Assert.Equal(effect.OfScore(0.5, 0, "P1", 5, [1]), effect.OfScore(0.5, 0, "P1", 50, [1]));
        Assert.Equal(effect.OfScore(0.5, 0, "P1", 0, [1]), effect.OfScore(0.5, 0, "P1", -50, [1]));
        var known = effect.OfScore(0.5, 0, "P1", 4, [1]);
        Assert.Equal(50, known.Deals);
        Assert.Equal(known.WinProbability - 0.5, known.Lift, 1e-9);
        Assert.True(known.Low < known.Lift && known.Lift < known.High);
        var stranger = effect.OfScore(0.5, 0, "P3", 4, [1]);
        Assert.Equal(0, stranger.Deals);
        Assert.True(stranger.High - stranger.Low > known.High - known.Low);
        Assert.True(effect.OfScore(0.5, 200, "P1", 4, [1]).Lift < known.Lift);
        Assert.Equal(1 / (1 + Math.Exp(-0.3)), effect.ChanceAlone(0.2, 5, 0), 1e-9);
        Assert.True(effect.ChanceAlone(0.2, 5, 100) < effect.ChanceAlone(0.2, 5, 0));
    }

    [Fact]
    public void A_lift_is_the_mean_over_what_is_not_known_of_it()
    {
        var effect = Effect() with { Partners = new Dictionary<string, PartnerDifference>(), PartnerVariance = 1 };
        var random = new Random(1);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var deviation = Math.Sqrt(1 + 0.01 + 0.01);
        var mean = Enumerable
            .Range(0, 400_000)
            .Average(_ => 1 / (1 + Math.Exp(-(Math.Log(0.8 / 0.2) + 0.5 + 0.4 + deviation * Normal()))));
        Assert.Equal(mean, effect.OfScore(0.8, 0, "P9", 4, [0]).WinProbability, 0.004);
    }

    [Fact]
    public void The_e_value_is_that_of_the_literature()
    {
        // VanderWeele and Ding (2017): a risk ratio of 3.9 (1.8 at the lower end) needs 7.26 (3.0).
        var lift = new LiftEstimate(0.1 * 2.9, 0.1 * 0.8, 0.5, 0.39, 10);
        Assert.Equal(7.26, lift.EValue, 0.01);
        Assert.Equal(3.0, lift.EValueLow, 0.01);
        Assert.Equal(1, new LiftEstimate(0.1, -0.2, 0.3, 0.3, 10).EValueLow);
        // A partner that takes away as much needs as strong a cause.
        Assert.Equal(7.26, new LiftEstimate(-0.29, -0.35, -0.1, 0.1, 10).EValue, 0.01);
    }
}
