using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>A version of a row in place of the one that stands, if any does: what it states when, and until when the other held.</summary>
/// <param name="Row">The new version; its recorded_at says when it was learned, if that is not when it was true.</param>
/// <param name="Stated">What it states, with the moments at which that is seen and applied.</param>
/// <param name="IsChange">It replaces an earlier version that was seen.</param>
/// <param name="UntilSeen">Until when the earlier version was seen, UTC.</param>
/// <param name="Until">Until when it was applied, UTC.</param>
/// <param name="Stamp">When the new version was taken in, UTC.</param>
readonly record struct Succession(
    HistoryRow Row,
    List<DatedFact> Stated,
    bool IsChange,
    DateTime UntilSeen,
    DateTime Until,
    DateTime Stamp
)
{
    /// <summary>Has a version follow what stands.</summary>
    /// <param name="row">The version. Its recorded_at is when it was learned, no earlier than what stands was seen.</param>
    /// <param name="stored">What stands; null if nothing does.</param>
    /// <param name="stamp">When it is taken in, UTC.</param>
    /// <param name="isTold">A service takes it in: nothing is applied before that. Else an import does: all is applied when it was seen.</param>
    /// <param name="notBefore">When it is seen at the earliest, UTC, because it names what is not there before; null if it does not.</param>
    public static Succession Of(HistoryRow row, StoredRow? stored, DateTime stamp, bool isTold, DateTime? notBefore = null)
    {
        var wasSeen = stored?.Facts[0].AppliedAt < stamp;
        DateTime? from = wasSeen ? HistoryRow.Earlier(row.Date(row.Table.RecordedAt)!.Value, stamp) : null;
        var stated = row.Facts(notBefore ?? from, takenIn: stamp);
        for (var part = 0; isTold && part < stated.Count; part++)
            stated[part] = stated[part] with { AppliedAt = HistoryRow.Later(stated[part].SeenAt, stamp) };
        var untilSeen = from ?? stated[0].SeenAt;
        return new(row, stated, wasSeen || stored?.IsChange == true, untilSeen, isTold ? stamp : untilSeen, stamp);
    }

    /// <summary>True if a row says that it was learned after what stands in its place was seen.</summary>
    public static bool IsLearnedLater(HistoryRow row, StoredRow stored) =>
        row.Date(row.Table.RecordedAt) is { } recorded && recorded > stored.Facts[0].SeenAt;

    /// <summary>
    /// True if the earlier version stated something for some time, until now. What lies in the future was never seen: the new version takes
    /// its place.
    /// </summary>
    public bool Ends(in DatedFact fact) => fact.AppliedAt < Stamp && (fact.AppliedAt < Until || fact.SeenAt < UntilSeen);
}
