using MathNet.Numerics.Distributions;
using Recommender.Facts;

namespace Recommender.Training;

/// <summary>How far predicted probabilities can be taken at their word. What is uncertain is so by account.</summary>
/// <param name="Ece">
/// Expected calibration error over 15 bins of equal width, without what chance adds to it, 0 to 1. Each end of the interval is passed by chance with
/// 1 - confidence.
/// </param>
/// <param name="Slope">
/// What the predicted log odds have to be multiplied by to fit the outcomes (Cox, 1958): below 1 where predictions are too extreme. Null where it
/// cannot be known, such as for predictions that are all the same.
/// </param>
/// <param name="Intercept">What has to be added to them, with the slope kept at 1: below 0 where predictions are too high. Null where all or none were won.</param>
sealed record CalibrationQuality(Measured Ece, Measured? Slope, Measured? Intercept)
{
    const double LeastChance = 1e-6;
    const int MostSteps = 50;

    /// <summary>A slope further out than this comes of outcomes that predictions part without error.</summary>
    const double MostSlope = 50;

    /// <summary>Judges predictions.</summary>
    /// <param name="predicted">From 0 to 1.</param>
    /// <param name="won">What came of each.</param>
    /// <param name="accounts">Whose deals they are.</param>
    /// <param name="confidence">The chance that a figure is not below the low end, and that it is not above the high one, 0.5 to 1.</param>
    /// <param name="resamples">Draws of accounts.</param>
    /// <param name="seed">Of the draws.</param>
    public static CalibrationQuality Of(
        IReadOnlyList<double> predicted,
        IReadOnlyList<bool> won,
        Clusters accounts,
        double confidence,
        int resamples,
        int seed
    )
    {
        double[] odds = [.. predicted.Select(p => Elementary.LogOdds(Math.Clamp(p, LeastChance, 1 - LeastChance)))];
        var width = Normal.InvCDF(0, 1, confidence);
        return new(
            DebiasedEce(predicted, won, accounts, confidence, resamples, seed),
            Recalibrated(odds, won, accounts, width, withSlope: true),
            Recalibrated(odds, won, accounts, width, withSlope: false)
        );
    }

    /// <summary>
    /// ECE adds up the sizes of the bins' gaps, and chance makes every gap larger: the plain figure is too high, and that of a bootstrap resample, which
    /// holds the chance of the sample and its own, more so. Here resamples of accounts say no more than how far each bin's gap strays by chance.
    /// What the same straying adds to gaps of the size that they have without it is the bias, and is taken off. The
    /// interval is that of the sum of the gaps with their signs kept, which no chance inflates.
    /// </summary>
    static Measured DebiasedEce(
        IReadOnlyList<double> predicted,
        IReadOnlyList<bool> won,
        Clusters accounts,
        double confidence,
        int resamples,
        int seed
    )
    {
        const int Bins = ProbabilityQuality.Bins;
        var cases = accounts.Cases();
        var gaps = new double[Bins];
        int[] bins = [.. predicted.Select(ProbabilityQuality.BinOf)];
        double Error(int i) => predicted[i] - (won[i] ? 1 : 0);
        for (var i = 0; i < won.Count; i++)
            gaps[bins[i]] += Error(i) / won.Count;
        var straying = new double[resamples][];
        var r = 0;
        foreach (var drawn in accounts.Draws(resamples, seed))
        {
            var (sums, count) = (new double[Bins], 0);
            foreach (var account in drawn)
            {
                foreach (var i in cases[account])
                    sums[bins[i]] += Error(i);
                count += cases[account].Length;
            }
            straying[r++] = [.. sums.Select((sum, b) => sum / count - gaps[b])];
        }
        var left = Left(gaps, bins, straying);
        double ece = 0,
            bias = 0;
        for (var b = 0; b < Bins; b++)
        {
            ece += Math.Abs(gaps[b]);
            bias += straying.Average(by => Math.Abs(left[b] + by[b])) - Math.Abs(left[b]);
        }
        var signed = straying.Select(by => by.Select((stray, b) => gaps[b] < 0 ? -stray : stray).Sum()).Order().ToArray();
        var found = Math.Max(0, ece - bias);
        var tail = (int)((1 - confidence) * (resamples - 1));
        return new(found, Math.Max(0, found - signed[^(tail + 1)]), Math.Min(1, found - signed[tail]));
    }

    /// <summary>
    /// The bins' gaps without chance: their mean and their spread about it as they are after what chance adds to the square of each is taken off.
    /// A gap for itself could not be told from chance; all together can.
    /// </summary>
    static double[] Left(double[] gaps, int[] bins, double[][] straying)
    {
        var shares = new double[gaps.Length];
        foreach (var bin in bins)
            shares[bin] += 1.0 / bins.Length;
        double Variance(int b) => straying.Average(by => by[b] * by[b]);
        var mean = Shrunk(gaps.Sum(), straying.Average(by => Square(by.Sum())));
        double spread = 0,
            chance = 0;
        for (var b = 0; b < gaps.Length; b++)
        {
            if (shares[b] == 0)
                continue;
            spread += Square(gaps[b] - mean * shares[b]) / shares[b];
            chance += Variance(b) / shares[b];
        }
        var kept = spread > chance ? Math.Sqrt((spread - chance) / spread) : 0;
        return [.. gaps.Select((gap, b) => mean * shares[b] + kept * (gap - mean * shares[b]))];
    }

    static double Shrunk(double value, double variance) => Math.CopySign(Math.Sqrt(Math.Max(0, Square(value) - variance)), value);

    /// <summary>
    /// Logistic regression of the outcomes on the predicted log odds, or on them as they stand and a constant; its errors by account
    /// (Liang and Zeger, Longitudinal data analysis using generalized linear models, 1986).
    /// </summary>
    static Measured? Recalibrated(double[] odds, IReadOnlyList<bool> won, Clusters accounts, double width, bool withSlope)
    {
        var wins = won.Count(yes => yes);
        if (wins == 0 || wins == won.Count)
            return null;
        var (constant, slope) = (0.0, 1.0);
        var (ofAccounts, inverse) = (new (double Constant, double Slope)[accounts.Count], (A: 0.0, B: 0.0, C: 0.0));
        for (var step = 0; step < MostSteps; step++)
        {
            Array.Clear(ofAccounts);
            double a = 0,
                b = 0,
                c = 0;
            for (var i = 0; i < odds.Length; i++)
            {
                var p = Elementary.Logistic(constant + slope * odds[i]);
                var (error, weight) = ((won[i] ? 1 : 0) - p, p * (1 - p));
                ref var of = ref ofAccounts[accounts.Of[i]];
                of = (of.Constant + error, of.Slope + error * odds[i]);
                (a, b, c) = (a + weight, b + weight * odds[i], c + weight * odds[i] * odds[i]);
            }
            var (first, second) = (ofAccounts.Sum(of => of.Constant), ofAccounts.Sum(of => of.Slope));
            if (!withSlope)
                inverse = (1 / a, 0, 0);
            else if (a * c - b * b is var determinant && determinant > 1e-9 * a * c)
                inverse = (c / determinant, -b / determinant, a / determinant);
            else
                return null;
            var (up, steeper) = (inverse.A * first + inverse.B * second, inverse.B * first + inverse.C * second);
            (constant, slope) = (constant + up, slope + steeper);
            if (Math.Abs(slope) > MostSlope || !double.IsFinite(constant))
                return null;
            if (Math.Abs(up) + Math.Abs(steeper) < 1e-10)
                break;
        }
        var spread = accounts.Count / Math.Max(1.0, accounts.Count - 1);
        var variance = withSlope
            ? ofAccounts.Sum(of => Square(inverse.B * of.Constant + inverse.C * of.Slope))
            : ofAccounts.Sum(of => Square(inverse.A * of.Constant));
        var (found, half) = (withSlope ? slope : constant, width * Math.Sqrt(spread * variance));
        return new(found, found - half, found + half);
    }

    static double Square(double x) => x * x;
}
