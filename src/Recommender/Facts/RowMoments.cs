using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>When a row is seen, and when the fold takes it in, UTC; the same of its second fact, if it states one.</summary>
readonly record struct RowMoments(DateTime SeenAt, DateTime AppliedAt, DateTime? EndSeenAt = null, DateTime? EndAppliedAt = null)
{
    /// <summary>Those of what a row states.</summary>
    /// <param name="facts">One or two facts.</param>
    public static RowMoments Of(IReadOnlyList<DatedFact> facts) =>
        facts.Count > 1
            ? new(facts[0].SeenAt, facts[0].AppliedAt, facts[1].SeenAt, facts[1].AppliedAt)
            : new(facts[0].SeenAt, facts[0].AppliedAt);

    /// <summary>Those of a row that states nothing itself, such as a deletion: known at once.</summary>
    public static RowMoments At(DateTime moment) => new(moment, moment);
}
