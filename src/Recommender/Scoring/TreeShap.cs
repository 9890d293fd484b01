using Recommender.Artifacts;

namespace Recommender.Scoring;

/// <summary>
/// Exact additive contributions of features to the raw score of a tree ensemble: path-dependent TreeSHAP (Lundberg, Erion, Lee,
/// "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, algorithm 2). They sum to score - expected score, where
/// the expectation weighs leaves by the training examples that reached them.
/// </summary>
public sealed class TreeShap
{
    readonly TreeEnsemble _ensemble;
    readonly PathElement[] _paths;

    /// <summary>Prepares for the trees of <paramref name="ensemble"/>. One object serves one thread.</summary>
    public TreeShap(TreeEnsemble ensemble)
    {
        _ensemble = ensemble;
        var depth = ensemble.Trees.Count == 0 ? 0 : ensemble.Trees.Max(tree => Depth(tree, 0));
        _paths = new PathElement[(depth + 2) * (depth + 3) / 2];
        ExpectedScore = ensemble.Bias + ensemble.Trees.Sum(tree => Expected(tree, 0));
    }

    /// <summary>The raw score of an average training example.</summary>
    public double ExpectedScore { get; }

    /// <summary>Adds up the contributions of each feature for one row.</summary>
    /// <param name="row">The features.</param>
    /// <param name="contributions">As long as the row; cleared first.</param>
    public void Explain(ReadOnlySpan<float> row, Span<double> contributions)
    {
        contributions.Clear();
        foreach (var tree in _ensemble.Trees)
        {
            if (tree.Feature[0] >= 0)
                Recurse(tree, row, contributions, 0, 0, 0, 1, 1, -1);
        }
    }

    void Recurse(
        Tree tree,
        ReadOnlySpan<float> row,
        Span<double> contributions,
        int node,
        int start,
        int depth,
        double zeroFraction,
        double oneFraction,
        int feature
    )
    {
        var path = _paths.AsSpan(start, depth + 1);
        path[depth] = new(feature, zeroFraction, oneFraction, depth == 0 ? 1 : 0);
        for (var i = depth - 1; i >= 0; i--)
        {
            path[i + 1].Weight += oneFraction * path[i].Weight * (i + 1) / (depth + 1);
            path[i].Weight = zeroFraction * path[i].Weight * (depth - i) / (depth + 1);
        }
        var split = tree.Feature[node];
        if (split < 0)
        {
            for (var i = 1; i <= depth; i++)
            {
                var weight = UnwoundSum(path, depth, i);
                contributions[path[i].Feature] += weight * (path[i].One - path[i].Zero) * tree.Value[node];
            }
            return;
        }
        var (hot, cold) =
            row[split] <= tree.Threshold[node] ? (tree.Left[node], tree.Right[node]) : (tree.Right[node], tree.Left[node]);
        double incomingZero = 1,
            incomingOne = 1;
        var known = 1;
        while (known <= depth && path[known].Feature != split)
            known++;
        var seen = known <= depth;
        if (seen)
        {
            (incomingZero, incomingOne) = (path[known].Zero, path[known].One);
            Unwind(path, depth, known);
            depth--;
        }
        var length = depth + 1;
        var next = start + length + (seen ? 1 : 0);
        var cover = tree.Cover[node];
        Copy(start, next, length);
        Recurse(tree, row, contributions, hot, next, length, Share(tree.Cover[hot], cover) * incomingZero, incomingOne, split);
        Copy(start, next, length);
        Recurse(tree, row, contributions, cold, next, length, Share(tree.Cover[cold], cover) * incomingZero, 0, split);
    }

    void Copy(int from, int to, int length) => _paths.AsSpan(from, length).CopyTo(_paths.AsSpan(to, length));

    static double Share(float part, float whole) => whole > 0 ? Math.Max(part, 1e-3) / whole : 0.5;

    static void Unwind(Span<PathElement> path, int depth, int index)
    {
        var (one, zero) = (path[index].One, path[index].Zero);
        var next = path[depth].Weight;
        for (var i = depth - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var weight = path[i].Weight;
                path[i].Weight = next * (depth + 1) / ((i + 1) * one);
                next = weight - path[i].Weight * zero * (depth - i) / (depth + 1);
            }
            else
                path[i].Weight = path[i].Weight * (depth + 1) / (zero * (depth - i));
        }
        for (var i = index; i < depth; i++)
            (path[i].Feature, path[i].Zero, path[i].One) = (path[i + 1].Feature, path[i + 1].Zero, path[i + 1].One);
    }

    static double UnwoundSum(ReadOnlySpan<PathElement> path, int depth, int index)
    {
        var (one, zero) = (path[index].One, path[index].Zero);
        double next = path[depth].Weight,
            total = 0;
        for (var i = depth - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var weight = next * (depth + 1) / ((i + 1) * one);
                total += weight;
                next = path[i].Weight - weight * zero * ((double)(depth - i) / (depth + 1));
            }
            else if (zero != 0)
                total += path[i].Weight / (zero * ((double)(depth - i) / (depth + 1)));
        }
        return total;
    }

    static int Depth(Tree tree, int node) =>
        tree.Feature[node] < 0 ? 0 : 1 + Math.Max(Depth(tree, tree.Left[node]), Depth(tree, tree.Right[node]));

    static double Expected(Tree tree, int node)
    {
        if (tree.Feature[node] < 0)
            return tree.Value[node];
        var (left, right) = (tree.Left[node], tree.Right[node]);
        return Share(tree.Cover[left], tree.Cover[node]) * Expected(tree, left)
            + Share(tree.Cover[right], tree.Cover[node]) * Expected(tree, right);
    }

    struct PathElement(int feature, double zero, double one, double weight)
    {
        public int Feature = feature;
        public double Zero = zero;
        public double One = one;
        public double Weight = weight;
    }
}
