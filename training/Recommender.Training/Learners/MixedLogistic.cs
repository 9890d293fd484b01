using MathNet.Numerics.LinearAlgebra;
using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Training;

/// <summary>What a coefficient is expected to be.</summary>
/// <param name="Mean">Log odds per unit.</param>
/// <param name="Deviation">Its standard deviation, above zero.</param>
readonly record struct NormalPrior(double Mean, double Deviation)
{
    public double Precision => 1 / (Deviation * Deviation);
}

/// <summary>
/// Logistic regression with normal priors on its coefficients and a random intercept per group, by Newton's method on the posterior
/// mode; covariances are those of the Laplace approximation, the variance of the groups is found by expectation and maximisation on
/// it. The groups' block of the Hessian is diagonal and is eliminated. Sums go over blocks of rows in a fixed order, so that neither the
/// number of threads nor the width of the processor's vectors decides their last digit.
/// </summary>
/// <param name="rows">A value per coefficient.</param>
/// <param name="won">What came of each row.</param>
/// <param name="weights">How much each row counts; null if all count once.</param>
/// <param name="group">The group of each row, -1 for none.</param>
/// <param name="groups">How many groups there are.</param>
/// <param name="priors">One for each coefficient.</param>
sealed class MixedLogistic(
    double[][] rows,
    bool[] won,
    IReadOnlyList<float>? weights,
    int[]? group,
    int groups,
    NormalPrior[] priors
)
{
    const int RowsOfBlock = 4096;
    const int Rounds = 30;

    /// <summary>A step, in log odds, that changes nothing any more.</summary>
    const double Converged = 1e-10;

    readonly double[] _groupValues = new double[groups];
    Sums _sums = new(0, 0);

    public double[] Coefficients { get; } = [.. priors.Select(prior => prior.Mean)];

    public double[][] Covariance { get; private set; } = [];

    public double GroupVariance { get; private set; } = 0.1;

    public void Fit()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var step = Newton();
            if (groups > 0)
                GroupVariance = Math.Max(
                    1e-4,
                    Enumerable.Range(0, groups).Average(g => _groupValues[g] * _groupValues[g] + Group(g).Variance)
                );
            else if (step < Converged)
                break;
        }
    }

    /// <summary>Value of a group, its variance, and its covariance with the coefficients.</summary>
    public (double Value, double Variance, double[] Covariance) Group(int g)
    {
        var covariance = new double[priors.Length];
        var (border, diagonal) = (_sums.Border[g], _sums.Diagonal[g]);
        var variance = 1 / diagonal;
        for (var i = 0; i < covariance.Length; i++)
        {
            for (var j = 0; j < covariance.Length; j++)
                covariance[i] -= Covariance[i][j] * border[j] / diagonal;
        }
        for (var i = 0; i < covariance.Length; i++)
            variance -= covariance[i] * border[i] / diagonal;
        return (_groupValues[g], variance, covariance);
    }

    /// <summary>One step; returns the largest change of a coefficient.</summary>
    double Newton()
    {
        var size = priors.Length;
        var blocks = new Sums[(rows.Length + RowsOfBlock - 1) / RowsOfBlock];
        Parallel.For(0, blocks.Length, b => blocks[b] = SumsOf(b * RowsOfBlock, Math.Min(rows.Length, (b + 1) * RowsOfBlock)));
        var sums = new Sums(size, groups);
        for (var g = 0; g < groups; g++)
        {
            sums.Diagonal[g] = 1 / GroupVariance;
            sums.GroupGradient[g] = -_groupValues[g] / GroupVariance;
        }
        for (var i = 0; i < size; i++)
        {
            sums.Hessian[i][i] = priors[i].Precision;
            sums.Gradient[i] = -(Coefficients[i] - priors[i].Mean) * priors[i].Precision;
        }
        foreach (var block in blocks)
            sums.Add(block);
        var (hessian, gradient) = (sums.Hessian, sums.Gradient);
        for (var g = 0; g < groups; g++)
        {
            var (border, diagonal) = (sums.Border[g], sums.Diagonal[g]);
            for (var i = 0; i < size; i++)
            {
                gradient[i] -= border[i] * sums.GroupGradient[g] / diagonal;
                for (var j = 0; j <= i; j++)
                    hessian[i][j] -= border[i] * border[j] / diagonal;
            }
        }
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < i; j++)
                hessian[j][i] = hessian[i][j];
        }
        _sums = sums;
        Covariance = Inverse(hessian);
        var step = Covariance.Select(line => Product(line, gradient)).ToArray();
        var largest = step.Max(Math.Abs);
        var scale = 1 / Math.Max(1, largest / 2);
        for (var g = 0; g < groups; g++)
            _groupValues[g] += scale * (sums.GroupGradient[g] - Product(sums.Border[g], step)) / sums.Diagonal[g];
        for (var i = 0; i < size; i++)
            Coefficients[i] += scale * step[i];
        return largest;
    }

    Sums SumsOf(int from, int to)
    {
        var size = priors.Length;
        var sums = new Sums(size, groups);
        for (var r = from; r < to; r++)
        {
            var (row, g, weight) = (rows[r], group?[r] ?? -1, weights?[r] ?? 1.0);
            var p = Elementary.Logistic((g >= 0 ? _groupValues[g] : 0) + Product(row, Coefficients));
            var (error, curvature) = (weight * ((won[r] ? 1 : 0) - p), weight * p * (1 - p));
            for (var i = 0; i < size; i++)
            {
                if (row[i] == 0)
                    continue;
                sums.Gradient[i] += error * row[i];
                var (line, factor) = (sums.Hessian[i], curvature * row[i]);
                for (var j = 0; j <= i; j++)
                    line[j] += factor * row[j];
                if (g >= 0)
                    sums.Border[g][i] += factor;
            }
            if (g < 0)
                continue;
            sums.GroupGradient[g] += error;
            sums.Diagonal[g] += curvature;
        }
        return sums;
    }

    static double Product(double[] left, double[] right)
    {
        double sum = 0;
        for (var i = 0; i < left.Length; i++)
            sum += left[i] * right[i];
        return sum;
    }

    /// <summary>Of a symmetric positive definite matrix.</summary>
    static double[][] Inverse(double[][] matrix) =>
        Matrix<double>
            .Build.DenseOfRowArrays(matrix)
            .Cholesky()
            .Solve(Matrix<double>.Build.DenseIdentity(matrix.Length))
            .ToRowArrays();

    /// <summary>Gradient and Hessian; of the latter the lower triangle.</summary>
    sealed class Sums(int size, int groups)
    {
        public double[][] Hessian { get; } = Lines(size, size);

        public double[] Gradient { get; } = new double[size];

        public double[] GroupGradient { get; } = new double[groups];

        public double[] Diagonal { get; } = new double[groups];

        public double[][] Border { get; } = Lines(groups, size);

        public void Add(Sums other)
        {
            Add(Gradient, other.Gradient);
            Add(GroupGradient, other.GroupGradient);
            Add(Diagonal, other.Diagonal);
            for (var i = 0; i < size; i++)
                Add(Hessian[i], other.Hessian[i]);
            for (var g = 0; g < groups; g++)
                Add(Border[g], other.Border[g]);
        }

        static void Add(double[] to, double[] from)
        {
            for (var i = 0; i < to.Length; i++)
                to[i] += from[i];
        }

        static double[][] Lines(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => new double[length])];
    }
}
