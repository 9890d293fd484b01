using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Jobs;
using Recommender.Models;
using Recommender.Ranking;

namespace Recommender.Benchmarks;

/// <summary>Exact contributions of one fresh row over 200 trees of 31 leaves, beside the score alone.</summary>
[MemoryDiagnoser]
[MedianColumn]
[SimpleJob(RuntimeMoniker.Net10_0, launchCount: 1, warmupCount: 3, iterationCount: 15)]
public class ReasonsBenchmarks
{
    const int Trees = 200;
    const int Leaves = 31;
    const int Features = 120;
    const int Rows = 4096;
    readonly float[] _rows = new float[Rows * Features];
    readonly double[] _contributions = new double[Features];
    TreeEnsemble _ensemble = null!;
    TreeShap _shap = null!;
    int _call;

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(5);
        for (var i = 0; i < _rows.Length; i++)
            _rows[i] = random.NextSingle();
        _ensemble = new([.. Enumerable.Range(0, Trees).Select(_ => Grow(random))], 0, Features, null);
        _shap = new(_ensemble);
    }

    [Benchmark(Baseline = true, Description = "score, 200 trees of 31 leaves")]
    public double Score() => _ensemble.Score(Row());

    [Benchmark(Description = "exact contributions, 200 trees of 31 leaves")]
    public double Explain()
    {
        _shap.Explain(Row(), _contributions);
        return _contributions[0];
    }

    ReadOnlySpan<float> Row() => _rows.AsSpan(_call++ % Rows * Features, Features);

    /// <summary>Leaf by leaf, as the trainers grow: a random leaf is split next, so that some paths are long.</summary>
    static Tree Grow(Random random)
    {
        var tree = Tree.OfSize(2 * Leaves - 1);
        (tree.Feature[0], tree.Cover[0]) = (-1, 10_000);
        List<int> leaves = [0];
        for (var next = 1; leaves.Count < Leaves; next += 2)
        {
            var at = random.Next(leaves.Count);
            var node = leaves[at];
            (tree.Feature[node], tree.Threshold[node]) = (random.Next(Features), random.NextSingle());
            (tree.Left[node], tree.Right[node]) = (next, next + 1);
            tree.Cover[next] = tree.Cover[node] * tree.Threshold[node];
            tree.Cover[next + 1] = tree.Cover[node] - tree.Cover[next];
            foreach (var child in (int[])[next, next + 1])
                (tree.Feature[child], tree.Value[child]) = (-1, random.NextSingle() - 0.5f);
            leaves[at] = next;
            leaves.Add(next + 1);
        }
        return tree;
    }
}
