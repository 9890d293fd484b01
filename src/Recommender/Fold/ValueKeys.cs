namespace Recommender.Fold;

/// <summary>
/// What a decision counts under in one dimension: its values, each a key of its own; in a cross each value of the left beside each of the
/// right. Nothing is allocated: every fact and every decision asks for it.
/// </summary>
/// <param name="left">Values of the dimension, or of the left one of a cross.</param>
/// <param name="right">Values of the right one; null if it is no cross.</param>
readonly struct ValueKeys(int[] left, int[]? right)
{
    public Enumerator GetEnumerator() => new(left, right);

    /// <summary>The key of two values in a cross.</summary>
    public static long Of(int left, int right) => (long)left << 32 | (uint)right;

    public struct Enumerator(int[] left, int[]? right)
    {
        readonly int _count = left.Length * (right?.Length ?? 1);
        int _at = -1;

        public readonly long Current => right is null ? left[_at] : Of(left[_at / right.Length], right[_at % right.Length]);

        public bool MoveNext() => ++_at < _count;
    }
}
