namespace Recommender.Facts;

/// <summary>
/// Exponential and logarithm of nothing but additions, multiplications and divisions in a fixed order, so that every processor and system
/// gives the same bits; those of the C library differ in the last digit from one kind of processor to the next. Within four units
/// in the last place.
/// </summary>
public static class Elementary
{
    const double Log2E = 1.4426950408889634;

    // ln 2 in two parts; the first ends in so many zeros that a whole number below 2^20 times it is exact.
    const double Ln2High = 0.6931471803691238;
    const double Ln2Low = 1.9082149292705877e-10;
    const double Sqrt2 = 1.4142135623730951;
    const int Bias = 1023;
    const int FractionBits = 52;
    const double ExpOverflows = 709.782712893384;
    const double ExpVanishes = -745.2;

    static readonly double[] _exp = [.. Enumerable.Range(0, 14).Select(n => 1 / Factorial(n))];
    static readonly double[] _atanh = [.. Enumerable.Range(0, 12).Select(n => 1.0 / (2 * n + 1))];

    /// <summary>e to the power of <paramref name="x"/>.</summary>
    public static double Exp(double x)
    {
        if (!(x > ExpVanishes))
            return double.IsNaN(x) ? x : 0;
        if (x > ExpOverflows)
            return double.PositiveInfinity;
        var twos = Math.Round(x * Log2E);
        return Math.ScaleB(Series(_exp, x - twos * Ln2High - twos * Ln2Low), (int)twos);
    }

    /// <summary>2 to the power of <paramref name="x"/>.</summary>
    /// <param name="x">Between -1022 and 1023.</param>
    public static double Exp2(double x)
    {
        var whole = Math.Round(x);
        return Series(_exp, (x - whole) * (Ln2High + Ln2Low))
            * BitConverter.Int64BitsToDouble((long)(whole + Bias) << FractionBits);
    }

    /// <summary>The natural logarithm; minus infinity of zero, NaN of less.</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || double.IsPositiveInfinity(x))
            return x == 0 ? double.NegativeInfinity
                : x > 0 ? x
                : double.NaN;
        var twos = Math.ILogB(x);
        var mantissa = Math.ScaleB(x, -twos);
        if (mantissa > Sqrt2)
        {
            mantissa /= 2;
            twos++;
        }
        // ln m = 2 atanh((m - 1) / (m + 1))
        var s = (mantissa - 1) / (mantissa + 1);
        return twos * Ln2High + (twos * Ln2Low + 2 * s * Series(_atanh, s * s));
    }

    /// <summary>The logarithm to base 2.</summary>
    public static double Log2(double x) => Log(x) * Log2E;

    /// <summary>1 / (1 + exp(-<paramref name="x"/>)): log odds to a probability.</summary>
    public static double Logistic(double x) => 1 / (1 + Exp(-x));

    /// <summary>ln(p / (1 - p)): a probability to log odds.</summary>
    public static double LogOdds(double p) => Log(p / (1 - p));

    /// <summary>Even and odd powers apart: two short chains instead of a long one.</summary>
    static double Series(double[] coefficients, double x)
    {
        var square = x * x;
        var (even, odd) = (coefficients[^2], coefficients[^1]);
        for (var i = coefficients.Length - 4; i >= 0; i -= 2)
            (even, odd) = (even * square + coefficients[i], odd * square + coefficients[i + 1]);
        return even + x * odd;
    }

    static double Factorial(int n) => n == 0 ? 1 : n * Factorial(n - 1);
}
