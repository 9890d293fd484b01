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

    public static DbCommand Of(DbConnection connection, DbTransaction? transaction, string sql, HistoryTable table)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        var names = table.Columns.Select(column => column.Name).Append("attributes");
        names = EndOf(table) is { } end
            ? [.. names, "seen_at", end + "_seen_at", "applied_at", end + "_applied_at", "is_change", "fingerprint"]
            : [.. names, "seen_at", "applied_at", "is_change", "fingerprint"];
        foreach (var name in names)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            parameter.Value = DBNull.Value;
            command.Parameters.Add(parameter);
        }
        return command;
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
        var parameters = command.Parameters;
        var at = 0;
        for (; at < row.Values.Length; at++)
            parameters[at].Value = row.Values[at] is DateTime instant ? Instants.Text(instant) : row.Values[at] ?? DBNull.Value;
        parameters[at++].Value = attributes ?? (object)DBNull.Value;
        var hasEnd = parameters.Count > at + 4;
        parameters[at++].Value = Instants.Text(facts[0].SeenAt);
        if (hasEnd)
            parameters[at++].Value = facts.Count > 1 ? Instants.Text(facts[1].SeenAt) : DBNull.Value;
        parameters[at++].Value = Instants.Text(facts[0].AppliedAt);
        if (hasEnd)
            parameters[at++].Value = facts.Count > 1 ? Instants.Text(facts[1].AppliedAt) : DBNull.Value;
        parameters[at++].Value = facts[0].IsChange ? 1 : 0;
        parameters[at].Value = fingerprint;
        command.ExecuteNonQuery();
    }
}
