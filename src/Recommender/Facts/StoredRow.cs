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
        var facts = new List<DatedFact>(parts);
        if (table.Kind is { } kind)
        {
            var noun = table.NounOf(row);
            for (var part = 0; part < parts; part++)
            {
                if (!reader.IsDBNull(at + part))
                    facts.Add(
                        new(Engines.Instant(reader, at + part), part == 0 ? kind : kind.End!, row.Key, noun)
                        {
                            AppliedAt = Engines.Instant(reader, at + parts + part),
                        }
                    );
            }
        }
        var last = reader.FieldCount - 1;
        return new(row, facts, Engines.Flag(reader, last - 1), reader.GetInt64(last));
    }
}
