using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>What a simulation draws at random.</summary>
sealed class Draws(Random random)
{
    /// <summary>Of mean 0 and variance 1 (Box and Muller, 1958).</summary>
    public double Normal() =>
        Math.Sqrt(-2 * Elementary.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static double Power(double x, double exponent) => Elementary.Exp(exponent * Elementary.Log(x));

    public double Exponential(double mean) => -mean * Elementary.Log(1 - random.NextDouble());

    public int Poisson(double mean)
    {
        var (limit, product, count) = (Elementary.Exp(-mean), random.NextDouble(), 0);
        for (; product > limit; count++)
            product *= random.NextDouble();
        return count;
    }

    /// <summary>0 to <paramref name="count"/> - 1, the first more often.</summary>
    public int Skewed(int count) => (int)(count * Power(random.NextDouble(), 1.4));

    /// <summary>Some of 0 to <paramref name="of"/> - 1, each once.</summary>
    public int[] Some(int of, int count)
    {
        var all = Enumerable.Range(0, of).ToArray();
        random.Shuffle(all);
        return all[..count];
    }

    public string Pick(ReadOnlySpan<string> of) => of[random.Next(of.Length)];

    /// <summary>A name nobody has, such as "Norlake".</summary>
    public string Word() => Pick(Vocabulary.NameBeginnings) + Pick(Vocabulary.NameEnds);

    /// <summary>When a fact was recorded: for one in ten days later, otherwise empty.</summary>
    public string RecordedLate(DateTime at)
    {
        if (random.NextDouble() > 0.1)
            return "";
        var recorded = at.AddDays(1 + Math.Floor(Exponential(20)));
        return recorded < Simulation.End ? SimulatedCsv.Day(recorded) : "";
    }
}
