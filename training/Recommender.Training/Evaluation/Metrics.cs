using MathNet.Numerics.Statistics;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>Quality of one ranking: binary gain, log2 discount, cut at 10.</summary>
readonly record struct RankingQuality(double Ndcg, double Recall, double Hit, double ReciprocalRank)
{
    /// <summary>Judges a ranking by the ranks (from 0) of the relevant candidates, in ascending order.</summary>
    public static RankingQuality Of(ReadOnlySpan<int> ranks)
    {
        double gain = 0,
            ideal = 0;
        var found = 0;
        for (var i = 0; i < ranks.Length; i++)
        {
            if (i < 10)
                ideal += 1 / Elementary.Log2(i + 2);
            if (ranks[i] >= 10)
                continue;
            gain += 1 / Elementary.Log2(ranks[i] + 2);
            found++;
        }
        return new(gain / ideal, (double)found / ranks.Length, found > 0 ? 1 : 0, 1.0 / (ranks[0] + 1));
    }
}

/// <summary>Quality of predicted probabilities.</summary>
sealed record ProbabilityQuality(double AreaUnderRocCurve, double LogLoss, double BrierScore, double Ece)
{
    /// <summary>Bins of the calibration error.</summary>
    public const int Bins = 15;

    public static ProbabilityQuality Of(IReadOnlyList<double> predicted, IReadOnlyList<bool> won)
    {
        double loss = 0,
            brier = 0;
        for (var i = 0; i < won.Count; i++)
        {
            loss += LogLossOf(predicted[i], won[i]);
            var error = predicted[i] - (won[i] ? 1 : 0);
            brier += error * error;
        }
        return new(
            Auc(predicted, won),
            loss / won.Count,
            brier / won.Count,
            Bin(predicted, won, Bins).Sum(bin => bin.Gap) / won.Count
        );
    }

    public static double LogLossOf(double predicted, bool won)
    {
        var p = Math.Clamp(won ? predicted : 1 - predicted, 1e-15, 1);
        return -Elementary.Log(p);
    }

    /// <summary>The bin of a prediction, from 0.</summary>
    public static int BinOf(double predicted) => BinOf(predicted, Bins);

    static int BinOf(double predicted, int bins) => Math.Min((int)(predicted * bins), bins - 1);

    /// <summary>Equal-width bins of predictions with their mean prediction, observed share and count; empty bins are left out.</summary>
    public static IEnumerable<(double Predicted, double Observed, int Count, double Gap)> Bin(
        IReadOnlyList<double> predicted,
        IReadOnlyList<bool> won,
        int bins
    ) =>
        Enumerable
            .Range(0, won.Count)
            .GroupBy(i => BinOf(predicted[i], bins))
            .OrderBy(bin => bin.Key)
            .Select(bin =>
                (
                    bin.Average(i => predicted[i]),
                    bin.Average(i => won[i] ? 1.0 : 0),
                    bin.Count(),
                    Math.Abs(bin.Sum(i => predicted[i] - (won[i] ? 1 : 0)))
                )
            );

    /// <summary>The chance that a won deal is scored above a lost one; ties count half. 0.5 if there is only one kind.</summary>
    public static double Auc(IReadOnlyList<double> scores, IReadOnlyList<bool> won)
    {
        var ranks = ArrayStatistics.RanksInplace([.. scores], RankDefinition.Average);
        double sum = 0;
        long wins = 0;
        for (var i = 0; i < won.Count; i++)
        {
            if (!won[i])
                continue;
            sum += ranks[i];
            wins++;
        }
        var losses = won.Count - wins;
        return wins == 0 || losses == 0 ? 0.5 : (sum - wins * (wins + 1) / 2.0) / ((double)wins * losses);
    }
}

/// <summary>How unlike two samples of one number are.</summary>
static class PopulationStability
{
    const int Bins = 10;

    /// <summary>
    /// Population stability index over ten bins of equal count in the reference; 0 is alike, above 0.25 is commonly called a shift.
    /// Half a case is added to each bin, so that an empty one does not make it infinite.
    /// </summary>
    public static double Index(IReadOnlyList<float> reference, IReadOnlyList<float> now)
    {
        if (reference.Count == 0 || now.Count == 0)
            return 0;
        var sorted = reference.Order().ToArray();
        var bounds = Enumerable.Range(1, Bins - 1).Select(b => sorted[b * sorted.Length / Bins]).Distinct().ToArray();
        double[] Shares(IReadOnlyList<float> values)
        {
            var counts = new double[bounds.Length + 1];
            foreach (var value in values)
            {
                var at = Array.BinarySearch(bounds, value);
                counts[at >= 0 ? at : ~at]++;
            }
            return [.. counts.Select(count => (count + 0.5) / (values.Count + 0.5 * counts.Length))];
        }
        return Shares(now).Zip(Shares(reference), (a, b) => (a - b) * Elementary.Log(a / b)).Sum();
    }

    /// <summary>
    /// The index that two samples of one distribution exceed once in a thousand times: over B bins it is (1/n + 1/m) times a chi-squared
    /// number of B - 1 degrees of freedom (Yurdakul, 2018), here with its quantile by Wilson and Hilferty (1931).
    /// </summary>
    /// <param name="reference">Independent cases in the reference, not rows: at least 1, or it is infinite.</param>
    /// <param name="now">The same since.</param>
    public static double ByChance(int reference, int now)
    {
        if (reference == 0 || now == 0)
            return double.PositiveInfinity;
        const double OnceInAThousand = 3.0902;
        const double Freedom = Bins - 1;
        var cube = 1 - 2 / (9 * Freedom) + OnceInAThousand * Math.Sqrt(2 / (9 * Freedom));
        return (1.0 / reference + 1.0 / now) * Freedom * cube * cube * cube;
    }
}

/// <summary>Spearman's rank correlation, -1 to 1; ties share their mean rank.</summary>
static class RankCorrelation
{
    /// <summary>Null for fewer than two pairs, and where one side is the same everywhere.</summary>
    public static double? Of(double[] left, double[] right) =>
        left.Length >= 2 && Correlation.Spearman(left, right) is var found && double.IsFinite(found) ? found : null;
}
