namespace Recommender.Training;

/// <summary>A figure with its interval.</summary>
readonly record struct Measured(double Value, double Low, double High);

/// <summary>Cases that are drawn together, such as the deals of one account: their outcomes are not independent of each other.</summary>
sealed class Clusters
{
    Clusters(int[] of, int count) => (Of, Count) = (of, count);

    /// <summary>The cluster of each case, from 0.</summary>
    public IReadOnlyList<int> Of { get; }

    /// <summary>How many clusters there are.</summary>
    public int Count { get; }

    /// <summary>Cases of equal key are of one cluster.</summary>
    public static Clusters By<TKey>(IEnumerable<TKey> keys)
        where TKey : notnull
    {
        var numbers = new Dictionary<TKey, int>();
        int[] of = [.. keys.Select(key => numbers.TryGetValue(key, out var number) ? number : numbers[key] = numbers.Count)];
        return new(of, numbers.Count);
    }

    /// <summary>Each case on its own.</summary>
    public static Clusters Alone(int cases) => new([.. Enumerable.Range(0, cases)], cases);

    /// <summary>The clusters of some of the cases.</summary>
    public Clusters Only(IEnumerable<int> cases) => By(cases.Select(i => Of[i]));

    /// <summary>The cases of each cluster.</summary>
    public int[][] Cases()
    {
        var counts = new int[Count];
        foreach (var cluster in Of)
            counts[cluster]++;
        int[][] cases = [.. counts.Select(count => new int[count])];
        for (var i = Of.Count - 1; i >= 0; i--)
            cases[Of[i]][--counts[Of[i]]] = i;
        return cases;
    }

    /// <summary>Draws as many clusters as there are, with replacement, again and again: which were drawn, in one list that is filled anew.</summary>
    public IEnumerable<int[]> Draws(int resamples, int seed)
    {
        var random = new Random(seed);
        var drawn = new int[Count];
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < drawn.Length; i++)
                drawn[i] = random.Next(drawn.Length);
            yield return drawn;
        }
    }
}

/// <summary>
/// Percentile bootstrap (Efron, 1979), seeded, that draws whole clusters (Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8).
/// </summary>
static class Bootstrap
{
    public static (double Low, double High) Interval(IReadOnlyList<double> values, double confidence, int resamples, int seed) =>
        Interval(values, Clusters.Alone(values.Count), confidence, resamples, seed);

    /// <summary>The interval of the mean.</summary>
    public static (double Low, double High) Interval(
        IReadOnlyList<double> values,
        Clusters clusters,
        double confidence,
        int resamples,
        int seed
    )
    {
        var (sums, counts) = (new double[clusters.Count], new int[clusters.Count]);
        for (var i = 0; i < values.Count; i++)
        {
            sums[clusters.Of[i]] += values[i];
            counts[clusters.Of[i]]++;
        }
        return Percentiles(
            clusters
                .Draws(resamples, seed)
                .Select(drawn =>
                {
                    var (sum, count) = (0.0, 0);
                    foreach (var cluster in drawn)
                    {
                        sum += sums[cluster];
                        count += counts[cluster];
                    }
                    return sum / count;
                }),
            confidence
        );
    }

    /// <summary>The interval of a figure that is computed from the cases of the drawn clusters.</summary>
    public static (double Low, double High) Interval(
        Clusters clusters,
        Func<List<int>, double> of,
        double confidence,
        int resamples,
        int seed
    )
    {
        var cases = clusters.Cases();
        var draw = new List<int>();
        return Percentiles(
            clusters
                .Draws(resamples, seed)
                .Select(drawn =>
                {
                    draw.Clear();
                    foreach (var cluster in drawn)
                        draw.AddRange(cases[cluster]);
                    return of(draw);
                }),
            confidence
        );
    }

    /// <summary>The mean of values with its interval; null if there are none.</summary>
    public static Measured? Mean(IReadOnlyList<double> values, TrainingConfig config) =>
        Mean(values, Clusters.Alone(values.Count), config);

    /// <summary>The same, whole clusters drawn.</summary>
    public static Measured? Mean(IReadOnlyList<double> values, Clusters clusters, TrainingConfig config)
    {
        if (values.Count == 0)
            return null;
        var (low, high) = Interval(values, clusters, config.Gate.Confidence, config.Gate.Resamples, config.Seed);
        return new(values.Average(), low, high);
    }

    static (double Low, double High) Percentiles(IEnumerable<double> resampled, double confidence)
    {
        var figures = resampled.ToArray();
        Array.Sort(figures);
        var tail = (1 - confidence) / 2;
        return (figures[(int)(tail * (figures.Length - 1))], figures[(int)((1 - tail) * (figures.Length - 1))]);
    }
}
