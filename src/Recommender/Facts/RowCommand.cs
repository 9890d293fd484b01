using System.Data.Common;

namespace Recommender.Facts;

/// <summary>A statement that takes one row of a history table as its parameters.</summary>
static class RowCommand
{
    /// <summary>The columns of a stored row: those of the contract, then attributes, moments, is_change and fingerprint.</summary>
    public static IReadOnlyList<string> Names(FactTable table)
    {
        var names = table.Columns.Select(column => column.Name).Append("attributes").ToList();
        names.AddRange(
            table.End is { } end ? ["seen_at", end + "_seen_at", "applied_at", end + "_applied_at"] : ["seen_at", "applied_at"]
        );
        return table.IsListed ? [.. names, "written_at", "is_change", "fingerprint"] : [.. names, "is_change", "fingerprint"];
    }

    /// <summary>What one of <see cref="Names"/> holds; null for is_change, a flag, and fingerprint, a whole number.</summary>
    public static ColumnKind? KindOf(FactTable table, string name) =>
        table.IndexOf(name) is >= 0 and var at ? table.Columns[at].Kind
        : name == "attributes" ? ColumnKind.Text
        : name is "is_change" or "fingerprint" ? null
        : ColumnKind.Instant;

    public static DbCommand Of(DbConnection connection, DbTransaction? transaction, string sql, FactTable table)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        foreach (var name in Names(table))
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            parameter.Value = DBNull.Value;
            if (KindOf(table, name) is { } kind)
                Engines.Declare(
                    parameter,
                    kind,
                    name == "attributes" ? -1 : 4000,
                    table.IndexOf(name) is >= 0 and var at ? table.Columns[at].Decimals : 4
                );
            command.Parameters.Add(parameter);
        }
        return command;
    }

    /// <summary>The values of <see cref="Names"/>.</summary>
    /// <param name="row">The row.</param>
    /// <param name="moments">When what it states is seen and applied.</param>
    /// <param name="isChange">It replaces an earlier version that was seen.</param>
    /// <param name="attributes">Its attributes as JSON; null if none.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    public static object?[] Values(HistoryRow row, in RowMoments moments, bool isChange, string? attributes, long fingerprint)
    {
        var hasEnd = row.Table.End is not null;
        var columns = row.Values.Length;
        var values = new object?[columns + (hasEnd ? 7 : 5) + (row.Table.IsListed ? 1 : 0)];
        row.Values.CopyTo(values, 0);
        values[columns++] = attributes;
        values[columns++] = moments.SeenAt;
        if (hasEnd)
            values[columns++] = moments.EndSeenAt;
        values[columns++] = moments.AppliedAt;
        if (hasEnd)
            values[columns++] = moments.EndAppliedAt;
        if (row.Table.IsListed)
            values[columns++] = moments.WrittenAt;
        values[columns++] = isChange;
        values[columns] = fingerprint;
        return values;
    }

    /// <summary>Runs the statement for a row.</summary>
    public static void Execute(
        DbCommand command,
        HistoryRow row,
        in RowMoments moments,
        bool isChange,
        string? attributes,
        long fingerprint
    )
    {
        var at = 0;
        foreach (var value in Values(row, moments, isChange, attributes, fingerprint))
            Engines.Set(command.Parameters[at++], value);
        command.ExecuteNonQuery();
    }
}
