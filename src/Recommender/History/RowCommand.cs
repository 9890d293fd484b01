using System.Data.Common;

namespace Recommender.History;

/// <summary>A statement that takes one row of a history table as its parameters.</summary>
static class RowCommand
{
    /// <summary>The column of the second fact's date, without its ending; null if the table states one fact a row.</summary>
    public static string? EndOf(HistoryTable table) =>
        table.Name switch
        {
            "opportunities" => "closed",
            "deal_registrations" => "decided",
            _ => null,
        };

    /// <summary>The columns of a stored row: those of the contract, then attributes, moments, is_change and fingerprint.</summary>
    public static IReadOnlyList<string> Names(HistoryTable table)
    {
        var names = table.Columns.Select(column => column.Name).Append("attributes");
        return EndOf(table) is { } end
            ? [.. names, "seen_at", end + "_seen_at", "applied_at", end + "_applied_at", "is_change", "fingerprint"]
            : [.. names, "seen_at", "applied_at", "is_change", "fingerprint"];
    }

    /// <summary>What one of <see cref="Names"/> holds; null for is_change, a flag, and fingerprint, a whole number.</summary>
    public static ColumnKind? KindOf(HistoryTable table, string name) =>
        table.IndexOf(name) is >= 0 and var at ? table.Columns[at].Kind
        : name == "attributes" ? ColumnKind.Text
        : name is "is_change" or "fingerprint" ? null
        : ColumnKind.Instant;

    public static DbCommand Of(DbConnection connection, DbTransaction? transaction, string sql, HistoryTable table)
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
                Engines.Declare(parameter, kind, name == "attributes" ? -1 : 4000);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    /// <summary>The values of <see cref="Names"/>.</summary>
    /// <param name="row">The row.</param>
    /// <param name="facts">What it states, with the moments at which that is applied.</param>
    /// <param name="attributes">Its attributes as JSON; null if none.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    public static object?[] Values(HistoryRow row, List<CoSell.DatedFact> facts, string? attributes, long fingerprint)
    {
        var hasEnd = EndOf(row.Table) is not null;
        var columns = row.Values.Length;
        var values = new object?[columns + (hasEnd ? 7 : 5)];
        row.Values.CopyTo(values, 0);
        values[columns++] = attributes;
        var end = facts.Count > 1 ? facts[1] : (CoSell.DatedFact?)null;
        values[columns++] = facts[0].SeenAt;
        if (hasEnd)
            values[columns++] = end?.SeenAt;
        values[columns++] = facts[0].AppliedAt;
        if (hasEnd)
            values[columns++] = end?.AppliedAt;
        values[columns++] = facts[0].IsChange;
        values[columns] = fingerprint;
        return values;
    }

    /// <summary>Runs the statement for a row that is applied when it could be seen.</summary>
    public static void Execute(DbCommand command, HistoryRow row, string? attributes, long fingerprint) =>
        Execute(command, row, [.. row.Facts()], attributes, fingerprint);

    /// <summary>Runs the statement for a row whose facts are <paramref name="facts"/>.</summary>
    public static void Execute(
        DbCommand command,
        HistoryRow row,
        List<CoSell.DatedFact> facts,
        string? attributes,
        long fingerprint
    )
    {
        var at = 0;
        foreach (var value in Values(row, facts, attributes, fingerprint))
            Engines.Set(command.Parameters[at++], value);
        command.ExecuteNonQuery();
    }
}
