using CsCheck;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Tests.History;

public class ElementaryTests
{
    /// <summary>The C library is within one unit in the last place itself.</summary>
    const int Units = 4;

    [Fact]
    public void Exponentials_and_logarithms_are_those_of_the_library_but_for_the_last_digits()
    {
        Gen.Double[-745, 709.7].Sample(x => Near(Math.Exp(x), Elementary.Exp(x)), iter: 100_000);
        Gen.Double[-1000, 1000].Sample(x => Near(Math.Pow(2, x), Elementary.Exp2(x)), iter: 100_000);
        Gen.Double[-700, 700].Select(Math.Exp).Sample(x => Near(Math.Log(x), Elementary.Log(x)), iter: 100_000);
        Gen.Double[0.5, 2].Sample(x => Near(Math.Log(x), Elementary.Log(x)), iter: 100_000);
        Gen.Double[1e-9, 1e9].Sample(x => Near(Math.Log2(x), Elementary.Log2(x)), iter: 100_000);
    }

    [Fact]
    public void Ends_of_the_range_are_those_of_the_library()
    {
        double[] exponents = [double.NaN, double.NegativeInfinity, double.PositiveInfinity, -746, -745.13, 709.78, 710, 0, -0.0];
        foreach (var x in exponents)
            Near(Math.Exp(x), Elementary.Exp(x));
        foreach (var x in (double[])[double.NaN, -1, 0, double.Epsilon, 1e-310, 1, double.MaxValue, double.PositiveInfinity])
            Near(Math.Log(x), Elementary.Log(x));
        Assert.Equal(8, Elementary.Exp2(3));
        Assert.Equal(0.5, Elementary.Logistic(0));
        Assert.Equal(0, Elementary.LogOdds(0.5));
    }

    static void Near(double expected, double found)
    {
        var unit = double.IsFinite(expected) ? Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected) : 0;
        if (!expected.Equals(found))
            Assert.InRange(found, expected - Units * unit, expected + Units * unit);
    }
}
