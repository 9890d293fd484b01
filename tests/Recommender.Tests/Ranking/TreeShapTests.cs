using CsCheck;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Tests.Scoring;

public class TreeShapTests
{
    static readonly Gen<float[]> _rows = Gen.Frequency((2, Gen.Float[-3, 3]), (1, Gen.Int[0, 50].Select(i => (float)i))).Array[
        200
    ];

    [Fact]
    public void Contributions_add_up_to_the_score_less_the_expected_score()
    {
        using var package = new ModelRegistry(Sample.Models).OpenLive(ModelPackage.PartnerFit)!;
        var shap = new TreeShap(package.Trees);
        _rows.Sample(
            values =>
            {
                var row = values.AsSpan(0, package.Trees.FeatureCount);
                var contributions = new double[row.Length];
                shap.Explain(row, contributions);
                Assert.Equal(package.Trees.Score(row) - shap.ExpectedScore, contributions.Sum(), 1e-4);
            },
            iter: 50,
            threads: 1
        );
    }

    [Fact]
    public void Contributions_equal_brute_force_over_all_subsets_on_a_small_tree()
    {
        // x0 <= 1 ? (x1 <= 2 ? 1 : (x0 <= 0 ? 5 : -3)) : (x2 <= 0 ? 7 : 2), a feature used twice on one path.
        var tree = new Tree
        {
            Feature = [0, 1, 2, -1, 0, -1, -1, -1, -1],
            Threshold = [1, 2, 0, 0, 0, 0, 0, 0, 0],
            Left = [1, 3, 7, 0, 5, 0, 0, 0, 0],
            Right = [2, 4, 8, 0, 6, 0, 0, 0, 0],
            Value = [0, 0, 0, 1, 0, 5, -3, 7, 2],
            Cover = [100, 60, 40, 20, 40, 10, 30, 25, 15],
        };
        var ensemble = new TreeEnsemble([tree], 0.5f, 3, null);
        var shap = new TreeShap(ensemble);
        Gen.Float[-2, 4]
            .Array[3]
            .Sample(
                row =>
                {
                    var contributions = new double[3];
                    shap.Explain(row, contributions);
                    for (var feature = 0; feature < 3; feature++)
                        Assert.Equal(BruteForce(tree, row, feature), contributions[feature], 1e-9);
                },
                threads: 1
            );
    }

    [Fact]
    public void Contributions_equal_brute_force_on_random_trees_with_repeated_features()
    {
        var gen = Gen.Select(Gen.Int[0, 1000], Gen.Float[0, 1].Array[3]);
        gen.Sample(
            (seed, row) =>
            {
                var tree = Grow(new(seed), 9);
                var contributions = new double[3];
                new TreeShap(new([tree], 0, 3, null)).Explain(row, contributions);
                for (var feature = 0; feature < 3; feature++)
                    Assert.Equal(BruteForce(tree, row, feature), contributions[feature], 1e-9);
            },
            iter: 300
        );
    }

    [Fact]
    public void Contributions_add_up_on_paths_of_thirty_features()
    {
        // A chain: each right turn tests the next feature.
        const int Depth = 30;
        var tree = Tree.OfSize(2 * Depth + 1);
        tree.Cover[0] = 1000;
        for (var d = 0; d < Depth; d++)
        {
            var (node, left, right) = (d == 0 ? 0 : 2 * d, 2 * d + 1, 2 * d + 2);
            (tree.Feature[node], tree.Threshold[node], tree.Left[node], tree.Right[node]) = (d, 0.5f, left, right);
            (tree.Cover[left], tree.Cover[right]) = (tree.Cover[node] / 4, 3 * tree.Cover[node] / 4);
            foreach (var child in (int[])[left, right])
                (tree.Feature[child], tree.Value[child]) = (-1, child % 5 - 2);
        }
        var ensemble = new TreeEnsemble([tree], 0, Depth, null);
        var shap = new TreeShap(ensemble);
        Gen.Float[0, 1]
            .Array[Depth]
            .Sample(row =>
            {
                var contributions = new double[Depth];
                shap.Explain(row, contributions);
                Assert.Equal(ensemble.Score(row) - shap.ExpectedScore, contributions.Sum(), 1e-9);
            });
    }

    static Tree Grow(Random random, int leaves)
    {
        var tree = Tree.OfSize(2 * leaves - 1);
        (tree.Feature[0], tree.Cover[0]) = (-1, 1000);
        List<int> open = [0];
        for (var next = 1; open.Count < leaves; next += 2)
        {
            var at = random.Next(open.Count);
            var node = open[at];
            (tree.Feature[node], tree.Threshold[node]) = (random.Next(3), random.NextSingle());
            (tree.Left[node], tree.Right[node]) = (next, next + 1);
            (tree.Cover[next], tree.Cover[next + 1]) = (0.3f * tree.Cover[node], 0.7f * tree.Cover[node]);
            foreach (var child in (int[])[next, next + 1])
                (tree.Feature[child], tree.Value[child]) = (-1, random.NextSingle());
            (open[at], _) = (next, 0);
            open.Add(next + 1);
        }
        return tree;
    }

    static double BruteForce(Tree tree, float[] row, int feature)
    {
        double sum = 0;
        for (var subset = 0; subset < 8; subset++)
        {
            if ((subset >> feature & 1) == 1)
                continue;
            var size = int.PopCount(subset);
            var weight = size == 1 ? 1.0 / 6 : 1.0 / 3;
            sum += weight * (Expectation(tree, row, subset | 1 << feature, 0) - Expectation(tree, row, subset, 0));
        }
        return sum;
    }

    static double Expectation(Tree tree, float[] row, int known, int node)
    {
        var feature = tree.Feature[node];
        if (feature < 0)
            return tree.Value[node];
        var (left, right) = (tree.Left[node], tree.Right[node]);
        if ((known >> feature & 1) == 1)
            return Expectation(tree, row, known, row[feature] <= tree.Threshold[node] ? left : right);
        return (tree.Cover[left] * Expectation(tree, row, known, left) + tree.Cover[right] * Expectation(tree, row, known, right))
            / tree.Cover[node];
    }
}
