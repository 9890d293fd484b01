using Recommender.Facts;
using Recommender.Fold;

namespace Recommender.Models;

/// <summary>
/// A binary tree as parallel arrays; node 0 is the root. A row goes left where its feature is at most the threshold.
/// </summary>
public sealed record Tree
{
    /// <summary>The feature a node splits on; -1 in a leaf.</summary>
    public required int[] Feature { get; init; }

    /// <summary>The split point; 0 in a leaf.</summary>
    public required float[] Threshold { get; init; }

    /// <summary>The node to go to when the feature is at most the threshold.</summary>
    public required int[] Left { get; init; }

    /// <summary>The node to go to when it is greater.</summary>
    public required int[] Right { get; init; }

    /// <summary>What a leaf adds to the score; 0 in other nodes.</summary>
    public required float[] Value { get; init; }

    /// <summary>How many training examples passed a node.</summary>
    public required float[] Cover { get; init; }

    /// <summary>A tree of <paramref name="nodes"/> nodes, all zero, to be filled.</summary>
    public static Tree OfSize(int nodes) =>
        new()
        {
            Feature = new int[nodes],
            Threshold = new float[nodes],
            Left = new int[nodes],
            Right = new int[nodes],
            Value = new float[nodes],
            Cover = new float[nodes],
        };

    /// <summary>The leaf that <paramref name="row"/> ends in.</summary>
    public int Leaf(ReadOnlySpan<float> row)
    {
        var node = 0;
        while (Feature[node] >= 0)
            node = row[Feature[node]] <= Threshold[node] ? Left[node] : Right[node];
        return node;
    }
}

/// <summary>Turns a raw score into a probability: 1 / (1 + exp(-(slope × score + offset))) (Platt, 1999).</summary>
public readonly record struct Calibration(double Slope, double Offset)
{
    /// <summary>The calibrated probability, 0 to 1.</summary>
    public double Probability(double score) => Elementary.Logistic(Slope * score + Offset);
}

/// <summary>Trees whose leaves add up to the score.</summary>
/// <param name="Trees">The trees.</param>
/// <param name="Bias">Added to every score.</param>
/// <param name="FeatureCount">Columns of a row.</param>
/// <param name="Calibration">Makes a probability of the score; null if the score is what is wanted.</param>
public sealed record TreeEnsemble(IReadOnlyList<Tree> Trees, float Bias, int FeatureCount, Calibration? Calibration)
{
    /// <summary>The most splits on a path from root to leaf of a tree that is read: reasons are exact up to there.</summary>
    public const int MostSplits = 128;

    /// <summary>One ensemble that scores as the mean of <paramref name="parts"/>, uncalibrated.</summary>
    public static TreeEnsemble Mean(IReadOnlyList<TreeEnsemble> parts) =>
        new(
            [
                .. parts.SelectMany(part =>
                    part.Trees.Select(tree => tree with { Value = [.. tree.Value.Select(value => value / parts.Count)] })
                ),
            ],
            parts.Average(part => part.Bias),
            parts[0].FeatureCount,
            null
        );

    /// <summary>The raw score of <paramref name="row"/>, before calibration.</summary>
    public double Score(ReadOnlySpan<float> row)
    {
        double sum = Bias;
        foreach (var tree in Trees)
            sum += tree.Value[tree.Leaf(row)];
        return sum;
    }
}
