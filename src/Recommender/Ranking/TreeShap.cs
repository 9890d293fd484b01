using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Recommender.Models;

namespace Recommender.Ranking;

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
/// the leaves' sums up again, point by point, for four rows at a time. Immutable; safe for use by several threads.
/// </remarks>
public sealed class TreeShap
{
    const int Lanes = 4;
    const int MostOnPath = 128;
    const int EdgesOnStack = 128;
    const int GroupsOnStack = 256;
    static readonly Rule[] _rules = [.. Enumerable.Range(1, MostOnPath / 2).Select(points => new Rule(points))];
    readonly int _features;
    readonly Edge[] _edges;
    readonly Factors[] _factors;
    readonly Slice[] _trees;
    readonly int _largest;

    /// <summary>Prepares for the trees of <paramref name="ensemble"/>.</summary>
    /// <param name="ensemble">The trees.</param>
    /// <param name="groupOf">The group whose sum a feature counts to, by feature; null for each its own.</param>
    /// <exception cref="InvalidDataException">A path tests more than 128 features.</exception>
    public TreeShap(TreeEnsemble ensemble, IReadOnlyList<int>? groupOf = null)
    {
        groupOf ??= [.. Enumerable.Range(0, ensemble.FeatureCount)];
        _features = ensemble.FeatureCount;
        Groups = groupOf.Count == 0 ? 0 : groupOf.Max() + 1;
        ExpectedScore = ensemble.Bias;
        var edges = new List<Edge>();
        var factors = new List<Factors>();
        var trees = new List<Slice>();
        foreach (var tree in ensemble.Trees)
        {
            var start = edges.Count;
            var longest = Walk(tree, 0, start, 0, groupOf, edges, [], 1);
            if (longest > MostOnPath)
                throw new InvalidDataException(
                    FormattableString.Invariant($"A path tests {longest} features; expected at most {MostOnPath}.")
                );
            if (edges.Count == start)
                continue;
            trees.Add(new(start, edges.Count - start, factors.Count, (longest + 1) / 2));
            factors.AddRange(FactorsOf(edges[start..], _rules[(longest - 1) / 2]));
        }
        (_edges, _factors, _trees) = ([.. edges], [.. factors], [.. trees]);
        _largest = trees.Count == 0 ? 0 : trees.Max(tree => tree.Count);
    }

    /// <summary>The raw score of an average training example.</summary>
    public double ExpectedScore { get; private set; }

    /// <summary>How many groups there are; features, if none were given.</summary>
    public int Groups { get; }

    /// <summary>Adds up the contributions of each group for rows; four cost as much as one.</summary>
    /// <param name="rows">Features, row after row.</param>
    /// <param name="contributions">By row, one for each group; overwritten.</param>
    [SkipLocalsInit]
    public void Explain(ReadOnlySpan<float> rows, Span<double> contributions)
    {
        var count = _features == 0 ? 0 : rows.Length / _features;
        Span<Vector256<double>> totals =
            Groups <= GroupsOnStack ? stackalloc Vector256<double>[GroupsOnStack] : new Vector256<double>[Groups];
        Span<Scratch> scratch = _largest < EdgesOnStack ? stackalloc Scratch[EdgesOnStack] : new Scratch[_largest + 1];
        Span<double> columns =
            _features <= 2 * GroupsOnStack ? stackalloc double[2 * GroupsOnStack * Lanes] : new double[_features * Lanes];
        for (var first = 0; first < count; first += Lanes)
        {
            var held = Math.Min(Lanes, count - first);
            for (var f = 0; f < _features; f++)
            for (var lane = 0; lane < Lanes; lane++)
                columns[f * Lanes + lane] = rows[(first + Math.Min(lane, held - 1)) * _features + f];
            totals[..Groups].Clear();
            foreach (ref readonly var tree in _trees.AsSpan())
                Add(
                    _edges.AsSpan(tree.Start, tree.Count),
                    _factors.AsSpan(tree.Factors, tree.Points * tree.Count),
                    columns,
                    scratch,
                    totals
                );
            for (var lane = 0; lane < held; lane++)
            for (var g = 0; g < Groups; g++)
                contributions[(first + lane) * Groups + g] = totals[g][lane];
        }
    }

    static void Add(
        ReadOnlySpan<Edge> edges,
        ReadOnlySpan<Factors> factors,
        ReadOnlySpan<double> columns,
        Span<Scratch> scratch,
        Span<Vector256<double>> totals
    )
    {
        // Slot 0 stands above the root: reached by every row, tested by no feature.
        ref var slots = ref MemoryMarshal.GetReference(scratch);
        (slots.Product, slots.Sum) = (Vector256<double>.One, Vector256<double>.Zero);
        slots.IsMet = Vector256<double>.AllBitsSet;
        for (var e = 0; e < edges.Length; e++)
        {
            ref readonly var edge = ref edges[e];
            ref var here = ref Unsafe.Add(ref slots, e + 1);
            var x = Vector256.Create(columns.Slice(edge.Feature * Lanes, Lanes));
            here.IsMet =
                Vector256.GreaterThan(x, Vector256.Create(edge.Above))
                & Vector256.LessThanOrEqual(x, Vector256.Create(edge.AtMost));
            here.WasMet = Unsafe.Add(ref slots, edge.Same).IsMet;
            here.Total = Vector256<double>.Zero;
        }
        for (; !factors.IsEmpty; factors = factors[edges.Length..])
        {
            ref var factor = ref MemoryMarshal.GetReference(factors);
            for (var e = 0; e < edges.Length; e++)
            {
                ref readonly var edge = ref edges[e];
                ref readonly var by = ref Unsafe.Add(ref factor, e);
                ref var here = ref Unsafe.Add(ref slots, e + 1);
                var product = Unsafe.Add(ref slots, edge.Parent).Product * Choose(ref here, by.Met, by.Failed, by.Unmet);
                here.Product = product;
                here.Sum = product * edge.Value;
            }
            for (var e = edges.Length - 1; e >= 0; e--)
            {
                ref readonly var by = ref Unsafe.Add(ref factor, e);
                ref var here = ref Unsafe.Add(ref slots, e + 1);
                Unsafe.Add(ref slots, edges[e].Parent).Sum += here.Sum;
                here.Total = Vector256.FusedMultiplyAdd(
                    Choose(ref here, by.MetShare, by.FailedShare, by.UnmetShare),
                    here.Sum,
                    here.Total
                );
            }
        }
        for (var e = 0; e < edges.Length; e++)
            totals[edges[e].Group] += Unsafe.Add(ref slots, e + 1).Total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Choose(ref Scratch at, double met, double failed, double unmet) =>
        Vector256.ConditionalSelect(
            at.IsMet,
            Vector256.Create(met),
            Vector256.ConditionalSelect(at.WasMet, Vector256.Create(failed), Vector256.Create(unmet))
        );

    /// <summary>What the edges of a tree multiply by, at each point of a rule.</summary>
    static IEnumerable<Factors> FactorsOf(IReadOnlyList<Edge> edges, Rule rule)
    {
        for (var at = 0; at < rule.Points.Length; at++)
        {
            var (t, weight) = (rule.Points[at], rule.Weights[at]);
            foreach (var edge in edges)
            {
                var (unmet, met) = ((1 - t) * edge.Share, (1 - t) * edge.Share + t);
                var (unmetShare, metShare) = (-edge.Share / unmet, (1 - edge.Share) / met);
                if (edge.Same == 0)
                {
                    yield return new(met, unmet, unmet, weight * metShare, weight * unmetShare, weight * unmetShare);
                    continue;
                }
                var share = edges[edge.Same - 1].Share;
                var (unmetBefore, metBefore) = ((1 - t) * share, (1 - t) * share + t);
                var (unmetShareBefore, metShareBefore) = (-share / unmetBefore, (1 - share) / metBefore);
                yield return new(
                    met / metBefore,
                    unmet / metBefore,
                    unmet / unmetBefore,
                    weight * (metShare - metShareBefore),
                    weight * (unmetShare - metShareBefore),
                    weight * (unmetShare - unmetShareBefore)
                );
            }
        }
    }

    /// <summary>Notes the edges below a node, parents first; returns how many features the longest path tests.</summary>
    int Walk(
        Tree tree,
        int node,
        int start,
        int parent,
        IReadOnlyList<int> groupOf,
        List<Edge> edges,
        Dictionary<int, int> path,
        double reached
    )
    {
        var feature = tree.Feature[node];
        if (feature < 0)
        {
            ExpectedScore += reached * tree.Value[node];
            return path.Count;
        }
        var longest = 0;
        var same = path.GetValueOrDefault(feature);
        var before =
            same == 0
                ? new Edge(feature, groupOf[feature], float.NegativeInfinity, float.PositiveInfinity, 1, 0, 0, 0)
                : edges[start + same - 1];
        foreach (var child in (int[])[tree.Left[node], tree.Right[node]])
        {
            var isLeft = child == tree.Left[node];
            var share = ShareOf(tree.Cover[child], tree.Cover[node]);
            var edge = edges.Count - start + 1;
            edges.Add(
                before with
                {
                    Above = isLeft ? before.Above : Math.Max(before.Above, tree.Threshold[node]),
                    AtMost = isLeft ? Math.Min(before.AtMost, tree.Threshold[node]) : before.AtMost,
                    Share = before.Share * share,
                    Parent = parent,
                    Same = same,
                    Value = tree.Feature[child] < 0 ? tree.Value[child] : 0,
                }
            );
            path[feature] = edge;
            longest = Math.Max(longest, Walk(tree, child, start, edge, groupOf, edges, path, reached * share));
        }
        if (same == 0)
            path.Remove(feature);
        else
            path[feature] = same;
        return longest;
    }

    static double ShareOf(float part, float whole) => whole > 0 ? Math.Max(part, 1e-3) / whole : 0.5;

    readonly record struct Slice(int Start, int Count, int Factors, int Points);

    /// <summary>
    /// Below it, Above &lt; x ≤ AtMost, which a share of the examples meets; Parent is the slot of the edge above, Same that of the last
    /// above with the same feature (0: none), Value what a leaf at its end adds.
    /// </summary>
    readonly record struct Edge(
        int Feature,
        int Group,
        double Above,
        double AtMost,
        double Share,
        int Parent,
        int Same,
        double Value
    );

    /// <summary>
    /// At one point, what an edge multiplies the product by, and its part of a leaf's integral: if its conditions are met; if they fail
    /// but those above on the same feature are met; if those are not met either.
    /// </summary>
    readonly record struct Factors(
        double Met,
        double Failed,
        double Unmet,
        double MetShare,
        double FailedShare,
        double UnmetShare
    );

    struct Scratch
    {
        public Vector256<double> IsMet;
        public Vector256<double> WasMet;
        public Vector256<double> Product;
        public Vector256<double> Sum;
        public Vector256<double> Total;
    }

    /// <summary>Gauss and Legendre's rule on 0 to 1.</summary>
    sealed class Rule
    {
        public Rule(int points)
        {
            (Points, Weights) = (new double[points], new double[points]);
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
                (Points[i], Weights[i]) = ((x + 1) / 2, 1 / ((1 - x * x) * slope * slope));
            }
        }

        public double[] Points { get; }

        public double[] Weights { get; }
    }
}
