using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// When a row is seen, and when the fold takes it in, UTC; the same of its second fact, if it states one; and when it was written, if its
/// table is listed.
/// </summary>
readonly record struct RowMoments(DateTime SeenAt, DateTime AppliedAt, DateTime? EndSeenAt = null, DateTime? EndAppliedAt = null)
{
    /// <summary>Later than all that was written in earlier transactions, whatever the clocks say: a reader goes on after the last it has seen.</summary>
    public DateTime? WrittenAt { get; init; }

    /// <summary>When rows of a table are written that a transaction writes; null if it is not listed.</summary>
    public static DateTime? Write(DbConnection connection, DbTransaction? transaction, FactTable table, DateTime now)
    {
        if (!table.IsListed)
            return null;
        using var reader = HistoryStore.Query(connection, transaction, table.Statements.LastWritten!);
        return reader.Read() && !reader.IsDBNull(0) ? HistoryRow.Later(now, Engines.Instant(reader, 0).AddMilliseconds(1)) : now;
    }

    /// <summary>Those of what a row states.</summary>
    /// <param name="facts">One or two facts.</param>
    public static RowMoments Of(IReadOnlyList<DatedFact> facts) =>
        facts.Count > 1
            ? new(facts[0].SeenAt, facts[0].AppliedAt, facts[1].SeenAt, facts[1].AppliedAt)
            : new(facts[0].SeenAt, facts[0].AppliedAt);

    /// <summary>Those of a row that states nothing itself, such as a deletion: known at once.</summary>
    public static RowMoments At(DateTime moment) => new(moment, moment);
}
