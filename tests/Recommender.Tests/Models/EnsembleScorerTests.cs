using System.Buffers;
using Recommender.Models;

namespace Recommender.Tests.Models;

public class EnsembleScorerTests
{
    /// <summary>Rows are scored sixteen at a time; what lies beside the last ones, in an array that others used before, is nobody's row.</summary>
    [Fact]
    public void What_an_earlier_user_left_in_the_pool_changes_no_score()
    {
        const int Rows = 21;
        var random = new Random(5);
        var trees = Enumerable
            .Range(0, 40)
            .Select(_ => new Tree
            {
                Feature = [random.Next(2), -1, -1],
                Threshold = [random.NextSingle(), 0, 0],
                Left = [1, 0, 0],
                Right = [2, 0, 0],
                Value = [0, random.NextSingle() - 0.5f, random.NextSingle() - 0.5f],
                Cover = [2, 1, 1],
            })
            .ToList();
        var ensemble = new TreeEnsemble(trees, 0.5f, 2, new Calibration(0.2, 0.1));
        var rows = Enumerable.Range(0, 2 * Rows).Select(_ => random.NextSingle()).ToArray();
        foreach (var left in (float[])[float.NaN, float.PositiveInfinity, 0])
        {
            for (var length = 16; length <= 1 << 14; length *= 2)
            {
                var used = ArrayPool<float>.Shared.Rent(length);
                Array.Fill(used, left);
                ArrayPool<float>.Shared.Return(used);
            }
            var scores = new float[Rows];
            new EnsembleScorer(ensemble).Score(rows, Rows, scores);
            for (var i = 0; i < Rows; i++)
                Assert.Equal(
                    (float)ensemble.Calibration!.Value.Probability((float)ensemble.Score(rows.AsSpan(2 * i, 2))),
                    scores[i]
                );
        }
    }

    [Fact]
    public void Trees_with_more_leaves_than_the_fast_scorer_takes_are_walked()
    {
        const int Leaves = 40;
        var tree = Tree.OfSize(2 * Leaves - 1);
        for (var i = 0; i < Leaves - 1; i++)
            (tree.Threshold[2 * i], tree.Left[2 * i], tree.Right[2 * i]) = (i, 2 * i + 1, 2 * i + 2);
        for (var i = 0; i < Leaves; i++)
        {
            var leaf = i == Leaves - 1 ? 2 * i : 2 * i + 1;
            (tree.Feature[leaf], tree.Value[leaf]) = (-1, i);
        }
        var rows = Enumerable.Range(0, 300).Select(i => i % 50f).ToArray();
        var scores = new float[rows.Length];
        new EnsembleScorer(new([tree], 1, 1, null)).Score(rows, rows.Length, scores);
        Assert.Equal(rows.Select(x => 1 + Math.Min(x, Leaves - 1)), scores);
    }

    [Theory]
    [InlineData(32, false)]
    [InlineData(33, true)]
    public void What_is_served_comes_from_the_trees_unless_one_has_too_many_leaves(int leaves, bool isOnnx)
    {
        var tree = Tree.OfSize(2 * leaves - 1);
        for (var i = 0; i < leaves - 1; i++)
            (tree.Threshold[2 * i], tree.Left[2 * i], tree.Right[2 * i]) = (i, 2 * i + 1, 2 * i + 2);
        for (var i = 0; i < leaves; i++)
        {
            var leaf = i == leaves - 1 ? 2 * i : 2 * i + 1;
            (tree.Feature[leaf], tree.Value[leaf]) = (-1, i);
        }
        // As doubles they add up to 3, as floats to something else.
        var stump = Tree.OfSize(1);
        (stump.Feature[0], stump.Value[0]) = (-1, 1e8f);
        var ensemble = new TreeEnsemble([stump, tree, stump with { Value = [-1e8f] }], 0, 1, null);
        using var served = new ServedModel(new OnnxModel(OnnxTrees.Write(ensemble)), ensemble);
        var (rows, scores) = (new float[8], new float[8]);
        Array.Fill(rows, 3f);
        served.Score(rows, 5, scores);
        if (isOnnx)
            Assert.NotEqual(3f, scores[0]);
        else
            Assert.Equal([3f, 3f, 3f, 3f, 3f, 0f, 0f, 0f], scores);
    }
}
