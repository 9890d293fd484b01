using System.Runtime.Intrinsics;
using Recommender.Artifacts;

namespace Recommender.Scoring;

/// <summary>
/// Exact additive contributions of features to the raw score of a tree ensemble: path-dependent TreeSHAP (Lundberg, Erion, Lee,
/// "Consistent Individualized Feature Attribution for Tree Ensembles", 2018), in time linear in the size of the trees as by Yu, Xu, Liu
/// ("Linear TreeSHAP", 2022). They sum to score - expected score, where the expectation weighs leaves by the training examples that
/// reached them.
/// </summary>
/// <remarks>
/// A leaf of value v is a product game: feature j contributes v (o_j - z_j) ∫₀¹ Π_{i≠j} (z_i + t (o_i - z_i)) dt, where o is 1 if the row
/// meets all conditions on i along the path and z is the share of examples that do. The integrand is a polynomial of degree m - 1 in the
/// m features of the path, so Gauss and Legendre's rule of m / 2 points is exact. The products are carried down the edges of a tree and
/// the leaves' sums up again, four points at a time. What a tree contributes depends only on which of its splits the row meets, and
/// few of those patterns make up most rows: each tree keeps some it has met. Safe for use by several threads.
/// </remarks>
public sealed class TreeShap
{
    const int Lanes = 4;
    const int EdgesOnStack = 128;
    const int MostSplits = 32;
    const int Kept = 128;
    static readonly Rule[] _rules = [.. Enumerable.Range(1, 16).Select(chunks => new Rule(Lanes * chunks))];
    readonly Edge[] _edges;
    readonly Slice[] _trees;
    readonly int _largest;

    /// <summary>Prepares for the trees of <paramref name="ensemble"/>.</summary>
    /// <exception cref="InvalidDataException">A path tests more than 128 features.</exception>
    public TreeShap(TreeEnsemble ensemble)
    {
        ExpectedScore = ensemble.Bias;
        var edges = new List<Edge>();
        var trees = new List<Slice>();
        foreach (var tree in ensemble.Trees)
        {
            var start = edges.Count;
            var longest = Walk(tree, 0, start, -1, edges, [], 1);
            if (longest > _rules.Length * Lanes * 2)
                throw new InvalidDataException($"A path tests {longest} features; expected at most {_rules.Length * Lanes * 2}.");
            if (edges.Count == start)
                continue;
            int[] features = [.. edges.Skip(start).Select(edge => edge.Feature).Distinct()];
            for (var e = start; e < edges.Count; e++)
                edges[e] = edges[e] with { Slot = Array.IndexOf(features, edges[e].Feature) };
            trees.Add(
                new(
                    start,
                    edges.Count - start,
                    (longest - 1) / (2 * Lanes),
                    features,
                    [
                        .. Enumerable
                            .Range(0, tree.Feature.Length)
                            .Where(node => tree.Feature[node] >= 0)
                            .Select(node => (tree.Feature[node], tree.Threshold[node])),
                    ],
                    new Pattern?[Kept]
                )
            );
        }
        (_edges, _trees) = ([.. edges], [.. trees]);
        _largest = trees.Count == 0 ? 0 : trees.Max(tree => tree.Count);
    }

    /// <summary>The raw score of an average training example.</summary>
    public double ExpectedScore { get; private set; }

    /// <summary>Adds up the contributions of each feature for one row.</summary>
    /// <param name="row">The features.</param>
    /// <param name="contributions">As long as the row; overwritten.</param>
    public void Explain(ReadOnlySpan<float> row, Span<double> contributions)
    {
        contributions.Clear();
        Span<Scratch> scratch = stackalloc Scratch[EdgesOnStack];
        if (_largest > EdgesOnStack)
            scratch = new Scratch[_largest];
        foreach (var tree in _trees)
        {
            var features = tree.Features;
            var known = Contributions(tree, row, scratch);
            for (var f = 0; f < features.Length; f++)
                contributions[features[f]] += known[f];
        }
    }

    double[] Contributions(in Slice tree, ReadOnlySpan<float> row, Span<Scratch> scratch)
    {
        if (tree.Splits.Length > MostSplits)
            return Compute(tree, row, scratch);
        var pattern = 0u;
        for (var s = 0; s < tree.Splits.Length; s++)
        {
            var (feature, threshold) = tree.Splits[s];
            pattern |= row[feature] > threshold ? 1u << s : 0;
        }
        ref var slot = ref tree.Known[(pattern * 2654435769u) >> 25];
        if (Volatile.Read(ref slot) is { } known && known.Of == pattern)
            return known.Contributions;
        var made = new Pattern(pattern, Compute(tree, row, scratch));
        Volatile.Write(ref slot, made);
        return made.Contributions;
    }

    double[] Compute(in Slice tree, ReadOnlySpan<float> row, Span<Scratch> scratch)
    {
        var edges = _edges.AsSpan(tree.Start, tree.Count);
        var rule = _rules[tree.Rule];
        Span<Vector256<double>> totals = stackalloc Vector256<double>[EdgesOnStack];
        if (tree.Features.Length > EdgesOnStack)
            totals = new Vector256<double>[tree.Features.Length];
        totals = totals[..tree.Features.Length];
        totals.Clear();
        for (var chunk = 0; chunk < rule.Points.Length; chunk++)
        {
            var (t, rest, weights) = (rule.Points[chunk], rule.Rests[chunk], rule.Weights[chunk]);
            for (var e = 0; e < edges.Length; e++)
            {
                ref readonly var edge = ref edges[e];
                ref var at = ref scratch[e];
                var x = row[edge.Feature];
                var met = (x > edge.Above) & (x <= edge.AtMost) ? 1.0 : 0.0;
                var factor = Vector256.FusedMultiplyAdd(t, Vector256.Create(met), rest * edge.Share);
                var inverse = Vector256<double>.One / factor;
                at.Ratio = inverse * (met - edge.Share);
                at.Inverse = inverse;
                var product = (edge.Parent < 0 ? weights : scratch[edge.Parent].Product) * factor;
                if (edge.Same >= 0)
                    product *= scratch[edge.Same].Inverse;
                at.Product = product;
                at.Sum = product * edge.Value;
            }
            for (var e = edges.Length - 1; e >= 0; e--)
            {
                ref readonly var edge = ref edges[e];
                ref var at = ref scratch[e];
                if (edge.Parent >= 0)
                    scratch[edge.Parent].Sum += at.Sum;
                var ratio = edge.Same >= 0 ? at.Ratio - scratch[edge.Same].Ratio : at.Ratio;
                totals[edge.Slot] = Vector256.FusedMultiplyAdd(ratio, at.Sum, totals[edge.Slot]);
            }
        }
        var contributions = new double[totals.Length];
        for (var f = 0; f < contributions.Length; f++)
            contributions[f] = Vector256.Sum(totals[f]);
        return contributions;
    }

    /// <summary>Notes the edges below a node, parents first; returns how many features the longest path tests.</summary>
    int Walk(Tree tree, int node, int start, int parent, List<Edge> edges, Dictionary<int, int> path, double reached)
    {
        var feature = tree.Feature[node];
        if (feature < 0)
        {
            ExpectedScore += reached * tree.Value[node];
            return path.Count;
        }
        var longest = 0;
        var same = path.TryGetValue(feature, out var last) ? last : -1;
        var before =
            same < 0 ? new Edge(feature, 0, float.NegativeInfinity, float.PositiveInfinity, 1, 0, 0, 0) : edges[start + same];
        foreach (var child in (int[])[tree.Left[node], tree.Right[node]])
        {
            var isLeft = child == tree.Left[node];
            var share = ShareOf(tree.Cover[child], tree.Cover[node]);
            var edge = edges.Count - start;
            edges.Add(
                new(
                    feature,
                    0,
                    isLeft ? before.Above : Math.Max(before.Above, tree.Threshold[node]),
                    isLeft ? Math.Min(before.AtMost, tree.Threshold[node]) : before.AtMost,
                    before.Share * share,
                    parent,
                    same,
                    tree.Feature[child] < 0 ? tree.Value[child] : 0
                )
            );
            path[feature] = edge;
            longest = Math.Max(longest, Walk(tree, child, start, edge, edges, path, reached * share));
        }
        if (same < 0)
            path.Remove(feature);
        else
            path[feature] = same;
        return longest;
    }

    static double ShareOf(float part, float whole) => whole > 0 ? Math.Max(part, 1e-3) / whole : 0.5;

    /// <summary>A tree: its edges, the features it tests, its splits, and contributions by pattern of splits met.</summary>
    readonly record struct Slice(
        int Start,
        int Count,
        int Rule,
        int[] Features,
        (int Feature, float Threshold)[] Splits,
        Pattern?[] Known
    );

    sealed record Pattern(uint Of, double[] Contributions);

    /// <summary>
    /// Below it, Above &lt; x ≤ AtMost, which a share of the examples meets; Parent is the edge above, Same the last above with the same
    /// feature (-1: none), Value what a leaf at its end adds.
    /// </summary>
    readonly record struct Edge(
        int Feature,
        int Slot,
        float Above,
        float AtMost,
        double Share,
        int Parent,
        int Same,
        double Value
    );

    struct Scratch
    {
        public Vector256<double> Product;
        public Vector256<double> Inverse;
        public Vector256<double> Ratio;
        public Vector256<double> Sum;
    }

    /// <summary>Gauss and Legendre's rule on 0 to 1, four points at a time: points t, 1 - t, weights.</summary>
    sealed class Rule
    {
        public Rule(int points)
        {
            var (at, weights) = (new double[points], new double[points]);
            for (var i = 0; i < points; i++)
            {
                var x = Math.Cos(Math.PI * (i + 0.75) / (points + 0.5));
                double slope = 0;
                for (var step = 0; step < 100; step++)
                {
                    double before = 1,
                        value = x;
                    for (var n = 2; n <= points; n++)
                        (before, value) = (value, ((2 * n - 1) * x * value - (n - 1) * before) / n);
                    slope = points * (x * value - before) / (x * x - 1);
                    var change = value / slope;
                    x -= change;
                    if (Math.Abs(change) < 1e-16)
                        break;
                }
                (at[i], weights[i]) = ((x + 1) / 2, 1 / ((1 - x * x) * slope * slope));
            }
            Points = Vectors(at);
            Rests = Vectors([.. at.Select(t => 1 - t)]);
            Weights = Vectors(weights);
        }

        public Vector256<double>[] Points { get; }

        public Vector256<double>[] Rests { get; }

        public Vector256<double>[] Weights { get; }

        static Vector256<double>[] Vectors(double[] values) =>
            [.. values.Chunk(Lanes).Select(four => Vector256.Create(four[0], four[1], four[2], four[3]))];
    }
}
