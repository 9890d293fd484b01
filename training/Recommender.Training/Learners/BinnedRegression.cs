using System.Collections.Immutable;

namespace Recommender.Training;

/// <summary>Ridge logistic regression on the numbers of the bins that features fall into, each scaled to 0 to 1.</summary>
sealed class BinnedRegression
{
    /// <summary>The penalty on half the square of each weight: the inverse of its expected variance.</summary>
    const double Ridge = 10;
    const double BiasDeviation = 100;

    BinnedRegression(IReadOnlyList<ImmutableArray<float>> bounds, double[] coefficients)
    {
        Bounds = bounds;
        (Weights, Bias) = (coefficients[..^1], coefficients[^1]);
    }

    /// <summary>The upper ends of each feature's bins, inclusive; one bin if the feature is the same everywhere.</summary>
    public IReadOnlyList<ImmutableArray<float>> Bounds { get; }

    /// <summary>Log odds from the first bin to the last, by feature.</summary>
    public double[] Weights { get; }

    /// <summary>Log odds where every feature falls into its first bin.</summary>
    public double Bias { get; }

    public static BinnedRegression Train(ExampleSet examples, Range range, IReadOnlyList<ImmutableArray<float>> bounds)
    {
        var (start, count) = range.GetOffsetAndLength(examples.Count);
        var rows = new double[count][];
        Parallel.For(0, count, r => rows[r] = Terms(examples.Row(start + r), bounds));
        var regression = new MixedLogistic(
            rows,
            [.. examples.Labels.Skip(start).Take(count).Select(label => label > 0.5f)],
            examples.Weights.GetRange(start, count),
            null,
            0,
            [.. bounds.Select(_ => new NormalPrior(0, Math.Sqrt(1 / Ridge))), new(0, BiasDeviation)]
        );
        regression.Fit();
        return new(bounds, regression.Coefficients);
    }

    /// <summary>What a bin of a feature adds, log odds.</summary>
    public double Step(int feature, int bin) => Weights[feature] * Scaled(bin, Bounds[feature]);

    /// <summary>Log odds of a row.</summary>
    public double Score(ReadOnlySpan<float> row)
    {
        var sum = Bias;
        for (var f = 0; f < Weights.Length; f++)
            sum += Step(f, Bin(row[f], Bounds[f]));
        return sum;
    }

    static double[] Terms(ReadOnlySpan<float> row, IReadOnlyList<ImmutableArray<float>> bounds)
    {
        var terms = new double[row.Length + 1];
        for (var f = 0; f < row.Length; f++)
            terms[f] = Scaled(Bin(row[f], bounds[f]), bounds[f]);
        terms[^1] = 1;
        return terms;
    }

    static double Scaled(int bin, ImmutableArray<float> bounds) => bounds.Length > 1 ? (double)bin / (bounds.Length - 1) : 0;

    /// <summary>The first bin that ends at or above the value.</summary>
    static int Bin(float value, ImmutableArray<float> bounds)
    {
        var at = bounds.BinarySearch(value);
        return Math.Min(at < 0 ? ~at : at, bounds.Length - 1);
    }
}
