using Recommender.Training;

namespace Recommender.Tests.Training;

public class MetricsTests
{
    [Fact]
    public void A_perfect_ranking_scores_one() => Assert.Equal(new(1, 1, 1, 1), RankingQuality.Of([0, 1, 2]));

    [Fact]
    public void One_relevant_at_rank_three_is_discounted_by_log2()
    {
        var quality = RankingQuality.Of([2]);
        Assert.Equal(1 / Math.Log2(4), quality.Ndcg, 12);
        Assert.Equal(1.0 / 3, quality.ReciprocalRank, 12);
    }

    [Fact]
    public void What_stands_below_ten_is_no_hit() => Assert.Equal(new(0, 0, 0, 1.0 / 11), RankingQuality.Of([10]));

    [Fact]
    public void Auc_counts_ties_half()
    {
        Assert.Equal(0.75, ProbabilityQuality.Auc([0.9, 0.5, 0.5, 0.1], [true, true, false, true]) + 0.25, 12);
        Assert.Equal(0.5, ProbabilityQuality.Auc([0.3, 0.3], [true, false]), 12);
        Assert.Equal(0.5, ProbabilityQuality.Auc([0.3, 0.3], [true, true]), 12);
    }

    [Fact]
    public void Calibration_error_weighs_bins_by_their_count() =>
        Assert.Equal(
            0.2,
            ProbabilityQuality
                .Of(
                    [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
                    [true, true, true, true, true, false, false, false, false, false]
                )
                .Ece,
            12
        );

    [Fact]
    public void The_bootstrap_interval_holds_the_mean_and_repeats_with_its_seed()
    {
        double[] values = [1, 2, 3, 4, 5, 6, 7, 8];
        var interval = Bootstrap.Interval(values, 0.95, 500, 1);
        Assert.InRange(4.5, interval.Low, interval.High);
        Assert.Equal(interval, Bootstrap.Interval(values, 0.95, 500, 1));
    }

    [Fact]
    public void Auc_is_the_share_of_pairs_in_order_to_the_bit()
    {
        var random = new Random(5);
        for (var trial = 0; trial < 50; trial++)
        {
            var won = Enumerable.Range(0, 40).Select(i => i < 2 ? i == 0 : random.NextDouble() < 0.3).ToList();
            var scores = won.Select(_ => Math.Round(random.NextDouble(), 1) - 0.5).ToList();
            double pairs = 0,
                ordered = 0;
            for (var i = 0; i < won.Count; i++)
            {
                for (var j = 0; j < won.Count; j++)
                {
                    if (!won[i] || won[j])
                        continue;
                    pairs++;
                    ordered +=
                        scores[i] > scores[j] ? 1
                        : scores[i] == scores[j] ? 0.5
                        : 0;
                }
            }
            Assert.Equal(ordered / pairs, ProbabilityQuality.Auc(scores, won));
        }
    }
}
