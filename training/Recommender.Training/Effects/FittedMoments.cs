using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>What a fitted regression says of the moments that it was fitted to.</summary>
/// <param name="trials">The trials.</param>
/// <param name="regression">Fitted.</param>
/// <param name="rows">The moments.</param>
/// <param name="lines">Their terms.</param>
/// <param name="own">Where the terms of the partner begin.</param>
/// <param name="partner">The group of each, -1 for none.</param>
/// <param name="pairOf">The pair of each treated one.</param>
/// <param name="weights">How much each counts, by moment.</param>
sealed class FittedMoments(
    TrialExamples trials,
    MixedLogistic regression,
    List<int> rows,
    double[][] lines,
    int own,
    int[] partner,
    Dictionary<int, int> pairOf,
    double[] weights
)
{
    /// <summary>The mean effect of those that were brought in, before shading.</summary>
    public double Mean()
    {
        double sum = 0;
        var count = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (partner[i] < 0)
                continue;
            sum += regression.Group(partner[i]).Value;
            for (var c = own; c < lines[i].Length; c++)
                sum += lines[i][c] * regression.Coefficients[c];
            count++;
        }
        return sum / Math.Max(1, count);
    }

    /// <summary>Its standard error.</summary>
    public double MeanError(double[][] covariance)
    {
        var mean = new double[covariance.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            if (!pairOf.ContainsKey(rows[i]))
                continue;
            for (var c = 0; c < mean.Length; c++)
                mean[c] += lines[i][own + c] / pairOf.Count;
        }
        return Math.Sqrt(mean.Select((x, i) => x * covariance[i].Select((y, j) => y * mean[j]).Sum()).Sum());
    }

    /// <summary>
    /// By how much deals of one account, and moments of one deal, being alike widens the variance of what partners add (sandwich by account; Liang and Zeger, 1986).
    /// </summary>
    public double ByAccount()
    {
        var size = lines[0].Length;
        var scores = new SortedDictionary<string, double[]>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            var id = trials.Deals[trials.Moments.Groups[rows[i]]].AccountId.Value;
            if (!scores.TryGetValue(id, out var sum))
                scores[id] = sum = new double[size];
            var error = weights[rows[i]] * Residual(lines[i], partner[i], rows[i]);
            for (var c = 0; c < size; c++)
                sum[c] += error * lines[i][c];
        }
        var of = regression.Covariance[own];
        double robust = 0;
        foreach (var sum in scores.Values)
        {
            var one = 0.0;
            for (var c = 0; c < size; c++)
                one += of[c] * sum[c];
            robust += one * one;
        }
        return robust / of[own];
    }

    double Residual(double[] line, int partner, int row)
    {
        var odds = partner < 0 ? 0 : regression.Group(partner).Value;
        for (var c = 0; c < line.Length; c++)
            odds += line[c] * regression.Coefficients[c];
        return trials.Moments.Labels[row] - Elementary.Logistic(odds);
    }

    /// <summary>
    /// Whether partners differ more than chance lets them: the score test of no variance between them (Liang, 1987), in standard deviations.
    /// </summary>
    public double Spread()
    {
        var (score, information) = (new double[pairOf.Count], new double[pairOf.Count]);
        for (var i = 0; i < lines.Length; i++)
        {
            if (partner[i] < 0)
                continue;
            var residual = Residual(lines[i], -1, rows[i]);
            var chance = trials.Moments.Labels[rows[i]] - residual;
            score[partner[i]] += residual;
            information[partner[i]] += chance * (1 - chance);
        }
        return score.Zip(information, (s, i) => s * s - i).Sum() / Math.Sqrt(Math.Max(1e-9, 2 * information.Sum(i => i * i)));
    }

    /// <summary>The mean effect of parts of the treated, by role and by year, one step of Newton's method from the whole.</summary>
    public List<EffectOfPart> Parts()
    {
        var parts = new SortedDictionary<string, (double Score, double Information, double Effect, int Count)>(
            StringComparer.Ordinal
        );
        for (var i = 0; i < lines.Length; i++)
        {
            if (partner[i] < 0)
                continue;
            var row = rows[i];
            var residual = Residual(lines[i], partner[i], row);
            var chance = trials.Moments.Labels[row] - residual;
            var effect = regression.Group(partner[i]).Value;
            for (var c = own; c < lines[i].Length; c++)
                effect += lines[i][c] * regression.Coefficients[c];
            foreach (
                var part in (string[])
                    [$"role {trials.Roles[pairOf[row]]}", FormattableString.Invariant($"year {trials.Moments.At[row]:yyyy}")]
            )
            {
                var (score, information, sum, count) = parts.GetValueOrDefault(part);
                parts[part] = (score + residual, information + chance * (1 - chance), sum + effect, count + 1);
            }
        }
        return
        [
            .. parts
                .Where(part => part.Value.Information > 0)
                .Select(part => new EffectOfPart(
                    part.Key,
                    part.Value.Count,
                    part.Value.Effect / part.Value.Count + part.Value.Score / part.Value.Information,
                    Math.Sqrt(1 / part.Value.Information)
                )),
        ];
    }
}
