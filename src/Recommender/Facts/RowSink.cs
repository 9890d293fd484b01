using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Where an import puts the rows of one table.</summary>
abstract class RowSink(DbConnection connection, DbTransaction transaction, FactTable table) : IDisposable
{
    readonly DateTime? _writtenAt = RowMoments.Write(
        connection,
        transaction,
        table,
        Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime)
    );

    /// <summary>The moments of what a row states that is written now.</summary>
    protected RowMoments MomentsOf(List<DatedFact> facts) => RowMoments.Of(facts) with { WrittenAt = _writtenAt };

    /// <summary>Takes a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="facts">What it states, with the moments at which that is seen and applied.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="isNew">The table has no row of its key yet.</param>
    /// <param name="isChange">It replaces an earlier version that was seen.</param>
    public abstract void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange);

    /// <summary>Has everything stand in the table.</summary>
    public virtual void Finish() { }

    public abstract void Dispose();
}
