namespace Recommender.Facts;

/// <summary>What became of a row.</summary>
public enum RowVerdict
{
    /// <summary>It is new.</summary>
    Inserted,

    /// <summary>It replaced an earlier version, which is kept.</summary>
    Updated,

    /// <summary>It was there as it is.</summary>
    Unchanged,

    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>It cannot be taken.</summary>
    Rejected,

    /// <summary>It was not as the caller expected it to be.</summary>
    NotAsExpected,
}

/// <summary>What became of a row that was handed in.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Fingerprint">A number that changes when the row does; 0 if there is no row.</param>
/// <param name="Reason">Why it was rejected: column, what was found, what was expected; null otherwise.</param>
public readonly record struct RowResult(RowVerdict Verdict, long Fingerprint, RejectedRow? Reason);

/// <summary>What a caller expects of a row before it is written.</summary>
/// <param name="Fingerprint">The version it must have; null if any.</param>
/// <param name="Absent">It must not be there yet.</param>
/// <param name="Present">It must be there, in any version.</param>
/// <param name="EvenIfErased">An account is meant to be taken in though it was erased.</param>
public readonly record struct RowExpectation(long? Fingerprint, bool Absent, bool Present = false, bool EvenIfErased = false);
