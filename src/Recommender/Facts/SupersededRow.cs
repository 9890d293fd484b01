using System.Data.Common;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Recommender.Facts;

/// <summary>What a row said until a later version took its place.</summary>
/// <param name="Table">The row's table.</param>
/// <param name="IsEnd">True for the second fact that it stated.</param>
/// <param name="Key">Its key.</param>
/// <param name="AppliedAt">From when on it held, UTC.</param>
/// <param name="SeenAt">From when on it could be seen, UTC.</param>
/// <param name="IsChange">It replaced an earlier version that was seen.</param>
/// <param name="Values">The row as JSON.</param>
/// <param name="Attributes">Its attributes as JSON; null if none.</param>
/// <param name="UntilAppliedAt">Until when it held, UTC.</param>
/// <param name="UntilSeenAt">Until when it could be seen, UTC.</param>
sealed record SupersededRow(
    string Table,
    bool IsEnd,
    string Key,
    DateTime AppliedAt,
    DateTime SeenAt,
    bool IsChange,
    string Values,
    string? Attributes,
    DateTime UntilAppliedAt,
    DateTime UntilSeenAt
)
{
    /// <summary>Writes it.</summary>
    public void Write(DbConnection connection, DbTransaction? transaction) =>
        connection.Execute(HistorySql.Supersede, this, transaction);

    /// <summary>Writes many at once.</summary>
    public static void Copy(SqlConnection connection, SqlTransaction transaction, IEnumerable<SupersededRow> rows)
    {
        using var copy = new StagedRows.BulkCopy(
            connection,
            transaction,
            "#staged_superseded_facts",
            [
                ("table_name", typeof(string)),
                ("is_end", typeof(bool)),
                ("row_key", typeof(string)),
                ("applied_at", typeof(DateTimeOffset)),
                ("seen_at", typeof(DateTimeOffset)),
                ("is_change", typeof(bool)),
                ("row_values", typeof(string)),
                ("attributes", typeof(string)),
                ("until_applied_at", typeof(DateTimeOffset)),
                ("until_seen_at", typeof(DateTimeOffset)),
            ]
        );
        foreach (var row in rows)
            copy.Add([
                row.Table,
                row.IsEnd,
                row.Key,
                row.AppliedAt,
                row.SeenAt,
                row.IsChange,
                row.Values,
                row.Attributes,
                row.UntilAppliedAt,
                row.UntilSeenAt,
            ]);
        copy.Finish();
        connection.Execute(HistorySql.SupersedeStaged, transaction: transaction, commandTimeout: 0);
        connection.Execute(HistorySql.UnstageSuperseded, transaction: transaction);
    }
}
