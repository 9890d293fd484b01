using Recommender.CoSell;
using Recommender.Facts;

namespace Recommender.Fold;

/// <summary>What the facts of one subject add up to. Each entry can be taken back: the counts are then as if it had never been.</summary>
public abstract class Ledger
{
    /// <summary>Takes a fact in, or back.</summary>
    public abstract void Apply(in DatedFact fact);

    /// <summary>
    /// True if <see cref="Write"/> writes all that it holds. False by default: a fold with such a ledger is not kept, but folded from the
    /// start each time a past moment is asked about.
    /// </summary>
    public virtual bool IsWritten => false;

    /// <summary>Writes what it holds, but for what stands in the history itself.</summary>
    public virtual void Write(SnapshotWriter to) { }

    /// <summary>Takes in what <see cref="Write"/> wrote, into an empty ledger.</summary>
    public virtual void Read(SnapshotReader from) { }
}

/// <summary>A ledger of facts that are <typeparamref name="T"/>.</summary>
public abstract class Ledger<T> : Ledger
    where T : class
{
    /// <inheritdoc/>
    public sealed override void Apply(in DatedFact fact)
    {
        if (fact.IsRetraction)
            Retract((T)fact.Noun, fact);
        else if (fact.Replaced is T replaced)
            Replace(replaced, (T)fact.Noun, fact);
        else
            Add((T)fact.Noun, fact);
    }

    /// <summary>Takes in what was not there.</summary>
    protected abstract void Add(T row, in DatedFact fact);

    /// <summary>Subtracts exactly what adding <paramref name="row"/> added.</summary>
    protected abstract void Retract(T row, in DatedFact fact);

    /// <summary>Has <paramref name="row"/> stand where <paramref name="replaced"/> stood; known since that was.</summary>
    protected virtual void Replace(T replaced, T row, in DatedFact fact)
    {
        Retract(replaced, fact);
        Add(row, fact);
    }
}

/// <summary>Short arrays of facts that hold at the same time.</summary>
static class Several
{
    /// <summary>By moment, by id within one.</summary>
    public static IComparer<(DateTime At, string Id)> ByMoment { get; } =
        Comparer<(DateTime At, string Id)>.Create(
            (one, other) => one.At.CompareTo(other.At) is not 0 and var order ? order : string.CompareOrdinal(one.Id, other.Id)
        );

    /// <summary>The place of a word in an order; the end if it has none.</summary>
    public static int Rank(IReadOnlyList<string> order, string word) => order.TakeWhile(one => one != word).Count();

    /// <summary>The array with one more at its end.</summary>
    public static T[] With<T>(T[]? held, T one) => held is null ? [one] : With(held, held.Length, one);

    /// <summary>The array with one more at a place.</summary>
    public static T[] With<T>(T[] held, int place, T one)
    {
        var more = new T[held.Length + 1];
        Array.Copy(held, more, place);
        more[place] = one;
        Array.Copy(held, place, more, place + 1, held.Length - place);
        return more;
    }

    /// <summary>The array without the first that equals one; null if it was the last.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static T[]? Without<T>(T[]? held, Predicate<T> isIt)
    {
        var at = Array.FindIndex(held ?? [], isIt);
        if (at < 0)
            throw new InvalidOperationException($"A {typeof(T).Name} is taken back that was never taken in.");
        return held!.Length == 1 ? null : [.. held[..at], .. held[(at + 1)..]];
    }
}
