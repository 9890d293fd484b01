using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recommender.Models;

/// <summary>
/// Scores many rows of one decision by an ensemble whose trees have at most 32 leaves, from columns: QuickScorer (Lucchese et al., SIGIR
/// 2015) over sixteen rows at once (Lucchese et al., SIGIR 2016). Every split that a row does not meet strikes out the leaves to its left;
/// the first leaf that remains is where the row ends. Splits on columns that all rows share are settled once. Immutable; safe for use by
/// several threads. ONNX Runtime stays the reference: a package is opened only if both agree on its golden rows.
/// </summary>
public sealed class TreeScorer
{
    /// <summary>How many rows are scored at once.</summary>
    public const int Block = 2 * Lanes;

    const int Lanes = 8;
    const int MostLeaves = 32;
    readonly Column[] _columns;
    readonly float[] _thresholds;
    readonly int[] _trees;
    readonly uint[] _left;
    readonly float[] _leaves;
    readonly int _treeCount;
    readonly float _bias;

    TreeScorer(TreeEnsemble ensemble)
    {
        _treeCount = ensemble.Trees.Count;
        _bias = ensemble.Bias;
        _leaves = new float[_treeCount * MostLeaves];
        var splits = new List<(int Feature, float Threshold, int Tree, uint Left)>();
        for (var t = 0; t < _treeCount; t++)
        {
            var leaves = 0;
            Walk(ensemble.Trees[t], 0, t, ref leaves, splits);
        }
        var ordered = splits.OrderBy(split => split.Feature).ThenBy(split => split.Threshold).ToList();
        _thresholds = [.. ordered.Select(split => split.Threshold)];
        _trees = [.. ordered.Select(split => split.Tree)];
        _left = [.. ordered.Select(split => split.Left)];
        var columns = new List<Column>();
        for (var start = 0; start < ordered.Count; )
        {
            var feature = ordered[start].Feature;
            var end = start;
            while (end < ordered.Count && ordered[end].Feature == feature)
                end++;
            columns.Add(new(feature, start, end));
            start = end;
        }
        _columns = [.. columns];
        Features = [.. _columns.Select(column => column.Feature)];
    }

    /// <summary>The columns that the trees look at, ascending.</summary>
    public int[] Features { get; }

    /// <summary>A scorer of the ensemble's raw score; null if a tree has more leaves than fit.</summary>
    public static TreeScorer? Of(TreeEnsemble ensemble) =>
        ensemble.Trees.All(tree => tree.Feature.Count(feature => feature < 0) <= MostLeaves) ? new(ensemble) : null;

    /// <summary>How many values the scratch of <see cref="Score"/> needs.</summary>
    public int ScratchLength => _treeCount * (2 * Lanes + 1);

    /// <summary>Scores rows.</summary>
    /// <param name="shared">Values of the columns from <paramref name="firstShared"/> on, by column; the rest is not read.</param>
    /// <param name="firstShared">The first column that all rows share.</param>
    /// <param name="columns">
    /// Column c of the others starts at its position in <see cref="Features"/> × <paramref name="stride"/>; all finite, what follows the
    /// last row too.
    /// </param>
    /// <param name="stride">Rows, rounded up to <see cref="Block"/>.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> values; overwritten.</param>
    /// <param name="scores">Room for <paramref name="stride"/> scores.</param>
    public void Score(
        ReadOnlySpan<float> shared,
        int firstShared,
        ReadOnlySpan<float> columns,
        int stride,
        int rows,
        Span<uint> scratch,
        Span<float> scores
    )
    {
        var settled = scratch[.._treeCount];
        settled.Fill(uint.MaxValue);
        var own = 0;
        for (var c = 0; c < _columns.Length; c++)
        {
            var (feature, start, end) = _columns[c];
            if (feature < firstShared)
            {
                own = c + 1;
                continue;
            }
            var x = shared[feature];
            for (var s = start; s < end && x > _thresholds[s]; s++)
                settled[_trees[s]] &= ~_left[s];
        }
        var alive = MemoryMarshal.Cast<uint, Vector256<uint>>(scratch[_treeCount..(_treeCount * (2 * Lanes + 1))]);
        for (var row = 0; row < rows; row += 2 * Lanes)
        {
            for (var t = 0; t < _treeCount; t++)
                alive[2 * t] = alive[2 * t + 1] = Vector256.Create(settled[t]);
            for (var c = 0; c < own; c++)
            {
                var x = Vector256.Create(columns.Slice(c * stride + row, Lanes));
                var y = Vector256.Create(columns.Slice(c * stride + row + Lanes, Lanes));
                var highest = Vector256.Max(x, y);
                var column = _columns[c];
                for (var s = column.Start; s < column.End; s++)
                {
                    var threshold = Vector256.Create(_thresholds[s]);
                    if (!Vector256.GreaterThanAny(highest, threshold))
                        break;
                    var left = Vector256.Create(_left[s]);
                    ref var tree = ref alive[2 * _trees[s]];
                    tree = Vector256.AndNot(tree, Vector256.GreaterThan(x, threshold).AsUInt32() & left);
                    ref var other = ref Unsafe.Add(ref tree, 1);
                    other = Vector256.AndNot(other, Vector256.GreaterThan(y, threshold).AsUInt32() & left);
                }
            }
            AddLeaves(alive, 0, scores.Slice(row, Lanes));
            AddLeaves(alive, 1, scores.Slice(row + Lanes, Lanes));
        }
    }

    /// <summary>Scores rows that lie one after another and share no column.</summary>
    /// <param name="rows">Finite values, row by row.</param>
    /// <param name="width">Columns of a row.</param>
    /// <param name="scores">One for each row.</param>
    public void ScoreRows(ReadOnlySpan<float> rows, int width, Span<float> scores)
    {
        var stride = (scores.Length + Block - 1) / Block * Block;
        var columns = ArrayPool<float>.Shared.Rent((Features.Length + 1) * stride);
        var scratch = ArrayPool<uint>.Shared.Rent(ScratchLength);
        for (var c = 0; c < Features.Length; c++)
        {
            var column = columns.AsSpan(c * stride, stride);
            for (var i = 0; i < scores.Length; i++)
                column[i] = rows[i * width + Features[c]];
            // A NaN that somebody left beside the last row would hide that row's values.
            column[scores.Length..].Clear();
        }
        var found = columns.AsSpan(Features.Length * stride, stride);
        Score([], width, columns, stride, scores.Length, scratch, found);
        found[..scores.Length].CopyTo(scores);
        ArrayPool<uint>.Shared.Return(scratch);
        ArrayPool<float>.Shared.Return(columns);
    }

    void AddLeaves(ReadOnlySpan<Vector256<uint>> alive, int half, Span<float> scores)
    {
        var (low, high) = (Vector256.Create((double)_bias), Vector256.Create((double)_bias));
        if (Avx2.IsSupported)
        {
            for (var t = 0; t < _treeCount; t++)
            {
                var leaf = FirstBit(alive[2 * t + half]);
                Vector256<float> values;
                unsafe
                {
                    fixed (float* leaves = &_leaves[t * MostLeaves])
                        values = Avx2.GatherVector256(leaves, leaf, sizeof(float));
                }
                low += Avx.ConvertToVector256Double(values.GetLower());
                high += Avx.ConvertToVector256Double(values.GetUpper());
            }
        }
        else
        {
            Span<double> values = stackalloc double[Lanes];
            for (var t = 0; t < _treeCount; t++)
            {
                for (var i = 0; i < Lanes; i++)
                    values[i] = _leaves[t * MostLeaves + BitOperations.TrailingZeroCount(alive[2 * t + half][i])];
                low += Vector256.Create<double>(values[..4]);
                high += Vector256.Create<double>(values[4..]);
            }
        }
        for (var i = 0; i < Lanes; i++)
            scores[i] = (float)(i < 4 ? low[i] : high[i - 4]);
    }

    /// <summary>The number of the lowest bit set: the exponent of that bit as a float.</summary>
    static Vector256<int> FirstBit(Vector256<uint> bits)
    {
        var lowest = bits & (Vector256<uint>.Zero - bits);
        // As a signed number the highest bit is negative; its exponent is the same.
        var exponent =
            Vector256.ShiftRightLogical(Vector256.ConvertToSingle(lowest.AsInt32()).AsInt32(), 23) & Vector256.Create(0xFF);
        return exponent - Vector256.Create(127);
    }

    uint Walk(Tree tree, int node, int number, ref int leaves, List<(int, float, int, uint)> splits)
    {
        if (tree.Feature[node] < 0)
        {
            _leaves[number * MostLeaves + leaves] = tree.Value[node];
            return 1u << leaves++;
        }
        var left = Walk(tree, tree.Left[node], number, ref leaves, splits);
        var right = Walk(tree, tree.Right[node], number, ref leaves, splits);
        splits.Add((tree.Feature[node], tree.Threshold[node], number, left));
        return left | right;
    }

    readonly record struct Column(int Feature, int Start, int End);
}
