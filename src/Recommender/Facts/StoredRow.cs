using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>A row as it stands in the database.</summary>
/// <param name="Row">The row.</param>
/// <param name="Facts">What it states, with the moments at which that is seen and applied.</param>
/// <param name="IsChange">It replaced an earlier version that was seen.</param>
/// <param name="Fingerprint">A number that changes when the row does.</param>
sealed record StoredRow(HistoryRow Row, IReadOnlyList<DatedFact> Facts, bool IsChange, long Fingerprint)
{
    /// <summary>The row at which a reader of <see cref="TableStatements.Find"/>'s columns stands.</summary>
    public static StoredRow Read(FactTable table, DbDataReader reader, Dictionary<string, string[]> names)
    {
        var at = table.Columns.Count + 1;
        var row = RowReader.ReadRow(table, reader, names);
        var parts = table.End is null ? 1 : 2;
        DateTime? Moment(int column) => reader.IsDBNull(column) ? null : Engines.Instant(reader, column);
        var moments = new RowMoments(
            Engines.Instant(reader, at),
            Engines.Instant(reader, at + parts),
            parts > 1 ? Moment(at + 1) : null,
            parts > 1 ? Moment(at + parts + 1) : null
        );
        var last = reader.FieldCount - 1;
        return Of(row, moments, Engines.Flag(reader, last - 1), reader.GetInt64(last));
    }

    /// <summary>A row that states what it states at these moments.</summary>
    public static StoredRow Of(HistoryRow row, in RowMoments moments, bool isChange, long fingerprint)
    {
        var facts = new List<DatedFact>(2);
        if (row.Table.Kind is { } kind)
        {
            var noun = row.Table.NounOf(row);
            facts.Add(new(moments.SeenAt, kind, row.Key, noun) { AppliedAt = moments.AppliedAt });
            if (moments is { EndSeenAt: { } endSeen, EndAppliedAt: { } endApplied })
                facts.Add(new(endSeen, kind.End!, row.Key, noun) { AppliedAt = endApplied });
        }
        return new(row, facts, isChange, fingerprint);
    }
}
