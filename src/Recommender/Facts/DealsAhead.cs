using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// Deals that lie ahead, as one could before every date ahead counted as of now, and are corrected: what names a deal is not known before
/// the deal is.
/// </summary>
sealed class DealsAhead(HistoryWriter writer)
{
    /// <summary>True if a row is a deal that lay ahead until now, or does from now on.</summary>
    public static bool AreMoved(StoredRow? stored, in Succession next) =>
        stored is not null
        && stored.Row.Table == FactTables.Opportunities
        && stored.Facts[0].AppliedAt != next.Stated[0].AppliedAt
        && (stored.Facts[0].AppliedAt > next.Stamp || next.Stated[0].AppliedAt > next.Stamp);

    /// <summary>Has what names a deal be known from when that is known.</summary>
    /// <param name="stored">The deal as it stood.</param>
    /// <param name="next">As it stands now.</param>
    /// <param name="stamp">Now, UTC.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    public void Follow(StoredRow stored, in Succession next, DateTime stamp, List<DatedFact> facts)
    {
        var (was, start) = (stored.Facts[0].AppliedAt, next.Stated[0].AppliedAt);
        foreach (var (table, key, _) in writer.Rows.Naming(FactTables.Opportunities, next.Row.Key))
        {
            if (writer.Rows.Read(table, key) is not { } naming)
                continue;
            var at = naming.Facts[0].AppliedAt;
            if (at < start || was > stamp && at > stamp)
                writer.Put(
                    naming.Row.With("recorded_at", null),
                    naming,
                    stamp,
                    naming.Row.AttributesAsJson(),
                    naming.Fingerprint,
                    facts,
                    start
                );
        }
    }
}
