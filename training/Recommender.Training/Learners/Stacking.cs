using MathNet.Numerics.LinearAlgebra;
using Recommender.Facts;

namespace Recommender.Training;

/// <summary>Puts scores of several learners together by what they say of deals that none of them learned from (Wolpert, Stacked generalization, 1992).</summary>
static class Stacking
{
    /// <summary>How far a share may stray from an equal one, as a standard deviation, of scores that are log odds.</summary>
    const double Deviation = 0.5;

    /// <summary>The same of the scale of one learner alone, whose scores may be of any.</summary>
    const double ScaleDeviation = 10;
    const double FoldDeviation = 100;
    const int MostSteps = 50;

    /// <summary>
    /// Logistic regression of outcomes on the scores, log odds, with a constant of its own for each fold. Shares are not negative (Breiman, Stacked
    /// regressions, 1996).
    /// </summary>
    /// <param name="scores">By learner.</param>
    /// <param name="labels">1 if won.</param>
    /// <param name="folds">The fold of each, from 0.</param>
    /// <returns>What each learner's scores are multiplied by, and the mean log loss; that is infinite if a share would be negative.</returns>
    public static (double[] Shares, double LogLoss) Fit(
        IReadOnlyList<IReadOnlyList<double>> scores,
        IReadOnlyList<float> labels,
        IReadOnlyList<int> folds
    )
    {
        if (scores.Count == 1)
            return Fit(scores, [1], ScaleDeviation, labels, folds);
        var scales = scores.Select(of => Fit([of], labels, folds).Shares[0]).ToArray();
        return scales.Any(scale => scale <= 0)
            ? (scales, double.PositiveInfinity)
            : Fit(scores, scales, Deviation, labels, folds);
    }

    static (double[] Shares, double LogLoss) Fit(
        IReadOnlyList<IReadOnlyList<double>> scores,
        double[] scales,
        double deviation,
        IReadOnlyList<float> labels,
        IReadOnlyList<int> folds
    )
    {
        var (learners, constants) = (scores.Count, folds.Max() + 1);
        double[] Row(int i)
        {
            var row = new double[learners + constants];
            for (var s = 0; s < learners; s++)
                row[s] = scales[s] * scores[s][i];
            row[learners + folds[i]] = 1;
            return row;
        }
        double[][] rows = [.. Enumerable.Range(0, labels.Count).Select(Row)];
        bool[] won = [.. labels.Select(label => label > 0.5f)];
        double[] prior = [.. Enumerable.Repeat(1.0 / learners, learners), .. new double[constants]];
        double[] precision =
        [
            .. Enumerable.Repeat(1 / (deviation * deviation), learners),
            .. Enumerable.Repeat(1 / (FoldDeviation * FoldDeviation), constants),
        ];
        var coefficients = prior.ToArray();
        var loss = Loss(coefficients);
        for (var step = 0; step < MostSteps; step++)
        {
            var direction = NewtonStep(coefficients);
            var (next, nextLoss, scale) = (coefficients, double.PositiveInfinity, 1.0);
            // Where predictions are certain the curve is flat and the step too long.
            for (; nextLoss > loss && scale > 1e-6; scale /= 2)
            {
                next = [.. coefficients.Select((c, k) => c + scale * direction[k])];
                nextLoss = Loss(next);
            }
            if (nextLoss > loss - 1e-9)
                break;
            (coefficients, loss) = (next, nextLoss);
        }
        double[] shares = [.. scales.Select((scale, s) => scale * coefficients[s])];
        return (
            shares,
            shares.Any(share => share < 0) || shares.Sum() <= 0
                ? double.PositiveInfinity
                : rows.Select((row, i) => ProbabilityQuality.LogLossOf(Elementary.Logistic(Odds(row, coefficients)), won[i]))
                    .Average()
        );

        double Loss(double[] at)
        {
            double sum = 0;
            for (var i = 0; i < rows.Length; i++)
                sum += ProbabilityQuality.LogLossOf(Elementary.Logistic(Odds(rows[i], at)), won[i]);
            for (var k = 0; k < at.Length; k++)
                sum += precision[k] * (at[k] - prior[k]) * (at[k] - prior[k]) / 2;
            return sum;
        }

        double[] NewtonStep(double[] at)
        {
            var (slope, curve) = (new double[at.Length], new double[at.Length, at.Length]);
            for (var i = 0; i < rows.Length; i++)
            {
                var p = Elementary.Logistic(Odds(rows[i], at));
                var (error, weight) = ((won[i] ? 1 : 0) - p, p * (1 - p));
                for (var k = 0; k < at.Length; k++)
                {
                    slope[k] += error * rows[i][k];
                    for (var l = 0; l <= k; l++)
                        curve[k, l] += weight * rows[i][k] * rows[i][l];
                }
            }
            for (var k = 0; k < at.Length; k++)
            {
                slope[k] -= precision[k] * (at[k] - prior[k]);
                curve[k, k] += precision[k];
                for (var l = 0; l < k; l++)
                    curve[l, k] = curve[k, l];
            }
            return [.. Matrix<double>.Build.DenseOfArray(curve).Cholesky().Solve(Vector<double>.Build.Dense(slope))];
        }
    }

    static double Odds(double[] row, double[] coefficients)
    {
        var odds = 0.0;
        for (var k = 0; k < row.Length; k++)
            odds += coefficients[k] * row[k];
        return odds;
    }

    /// <summary>What has to be added to log odds so that they foretell as many wins as there were; as if half a deal more had been won, and half a deal lost.</summary>
    public static double Offset(IReadOnlyList<double> odds, IReadOnlyList<float> labels, IReadOnlyList<double> weights)
    {
        var wins = labels.Select((label, i) => label > 0.5f ? weights[i] : 0).Sum() + 0.5;
        var offset = 0.0;
        for (var step = 0; step < MostSteps; step++)
        {
            double gap = wins - Elementary.Logistic(offset),
                weight = Elementary.Logistic(offset) * (1 - Elementary.Logistic(offset));
            for (var i = 0; i < odds.Count; i++)
            {
                var p = Elementary.Logistic(offset + odds[i]);
                (gap, weight) = (gap - weights[i] * p, weight + weights[i] * p * (1 - p));
            }
            // Newton's step, kept short where the curve is flat.
            var up = Math.Clamp(gap / Math.Max(weight, 1e-9), -1, 1);
            offset += up;
            if (Math.Abs(up) < 1e-12)
                break;
        }
        return offset;
    }
}
