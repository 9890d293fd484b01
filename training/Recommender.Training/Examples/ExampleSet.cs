using System.Runtime.InteropServices;

namespace Recommender.Training;

/// <summary>Training examples: feature rows side by side in one array, with label, weight and group each.</summary>
sealed class ExampleSet(int columns)
{
    readonly List<float> _values = [];

    /// <summary>Features of a row.</summary>
    public int Columns => columns;

    public int Count => Labels.Count;

    /// <summary>1 if won; or, of a candidate, 0 if it was not engaged, else 1 and the chance that the deal was won: 0 or 1, or between while it is open.</summary>
    public List<float> Labels { get; } = [];

    public List<float> Weights { get; } = [];

    /// <summary>The moment by which examples are split in time: the decision's for partner fit, the deal's creation for winning.</summary>
    public List<DateTime> At { get; } = [];

    /// <summary>Partner fit: the decision an example belongs to, rising. Win probability: made at the deal's creation, or later.</summary>
    public List<int> Groups { get; } = [];

    /// <summary>Which half of the accounts an example's account belongs to, 0 or 1.</summary>
    public List<byte> Halves { get; } = [];

    public ReadOnlySpan<float> Row(int index) => CollectionsMarshal.AsSpan(_values).Slice(index * columns, columns);

    /// <summary>What a model says of each row.</summary>
    public float[] ScoredBy(BatchScorer model)
    {
        var scores = new float[Count];
        model(_values.ToArray(), Count, scores);
        return scores;
    }

    /// <summary>Adds an example and returns its row to be filled.</summary>
    public Span<float> Add(float label, float weight, DateTime at, int group, byte half = 0)
    {
        CollectionsMarshal.SetCount(_values, _values.Count + columns);
        Labels.Add(label);
        Weights.Add(weight);
        At.Add(at);
        Groups.Add(group);
        Halves.Add(half);
        return CollectionsMarshal.AsSpan(_values)[^columns..];
    }

    /// <summary>The same examples in the order of <see cref="At"/>; those of one moment keep theirs.</summary>
    public ExampleSet InTimeOrder() => Take(Enumerable.Range(0, Count).OrderBy(i => At[i]));

    /// <summary>The examples of one group.</summary>
    public ExampleSet OfGroup(int group) => Take(Enumerable.Range(0, Count).Where(i => Groups[i] == group));

    /// <summary>The examples of before a moment.</summary>
    public ExampleSet Before(DateTime at) => Take(Enumerable.Range(0, Count).Where(i => At[i] < at));

    /// <summary>The examples of one half of the accounts.</summary>
    public ExampleSet OfHalf(int half) => Take(Enumerable.Range(0, Count).Where(i => Halves[i] == half));

    /// <summary>The same examples with nothing in some columns, so that no tree can split on them.</summary>
    public ExampleSet Without(IReadOnlyList<int> blank)
    {
        var copy = Take(Enumerable.Range(0, Count));
        var values = CollectionsMarshal.AsSpan(copy._values);
        for (var i = 0; i < Count; i++)
        {
            foreach (var column in blank)
                values[i * columns + column] = 0;
        }
        return copy;
    }

    /// <summary>The same examples with other labels and weights; those of no weight are left out.</summary>
    public ExampleSet Weighted(Func<int, float> label, Func<int, float> weight)
    {
        var kept = Enumerable.Range(0, Count).Where(i => weight(i) > 0).ToList();
        var copy = Take(kept);
        for (var i = 0; i < kept.Count; i++)
            (copy.Labels[i], copy.Weights[i]) = (label(kept[i]), weight(kept[i]));
        return copy;
    }

    /// <summary>The examples of the newest groups; groups rise.</summary>
    public ExampleSet NewestGroups(int most)
    {
        var first = Count == 0 ? 0 : Groups[^1] - most + 1;
        return Take(Enumerable.Range(0, Count).Where(i => Groups[i] >= first));
    }

    /// <summary>
    /// The same rows with labels in random order: within groups that are decisions, over all where a group is no more than a kind.
    /// </summary>
    public ExampleSet Shuffled(Random random)
    {
        var copy = Take(Enumerable.Range(0, Count));
        foreach (var group in Enumerable.Range(0, Count).GroupBy(i => Groups[i]))
        {
            var at = group.ToArray();
            var labels = at.Select(i => Labels[i]).ToArray();
            random.Shuffle(labels);
            for (var i = 0; i < at.Length; i++)
                copy.Labels[at[i]] = labels[i];
        }
        return copy;
    }

    /// <summary>One feature of every example.</summary>
    public float[] Column(int column) => [.. Enumerable.Range(0, Count).Select(i => Row(i)[column])];

    ExampleSet Take(IEnumerable<int> indices)
    {
        var taken = new ExampleSet(columns);
        foreach (var i in indices)
            Row(i).CopyTo(taken.Add(Labels[i], Weights[i], At[i], Groups[i], Halves[i]));
        return taken;
    }

    /// <summary>The index from which examples were decided at or after <paramref name="at"/>; examples are in time order.</summary>
    public int From(DateTime at)
    {
        var index = At.BinarySearch(at);
        if (index < 0)
            return ~index;
        while (index > 0 && At[index - 1] == at)
            index--;
        return index;
    }
}
