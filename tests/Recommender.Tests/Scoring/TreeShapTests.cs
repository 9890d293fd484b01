using CsCheck;
using Recommender.Artifacts;
using Recommender.Scoring;

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
