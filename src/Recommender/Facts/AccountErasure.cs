using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What was forgotten.</summary>
/// <param name="Rows">Rows of the history that went.</param>
/// <param name="Accounts">The account, and those that were merged into it.</param>
/// <param name="IsNew">False if all of it was forgotten before: nothing changed.</param>
public sealed record ErasedAccount(int Rows, IReadOnlyList<string> Accounts, bool IsNew);

/// <summary>Forgets an account, and those that were merged into it, with everything that names them and all that was said before.</summary>
sealed class AccountErasure(HistoryWriter writer, DbConnection connection, DateTime stamp, List<DatedFact> facts)
{
    readonly HashSet<(string Table, string Key)> _gone = [];
    int _rows;
    int _versions;

    /// <summary>Forgets an account; null if none of that id ever was.</summary>
    public ErasedAccount? Erase(string accountId)
    {
        if (!WasThere(accountId))
            return null;
        List<string> accounts = [accountId, .. writer.Merged.Into(FactTables.Accounts, accountId)];
        foreach (var id in accounts)
            EraseRow(FactTables.Accounts, id);
        EraseVersions();
        if (_rows + _versions == 0 && accounts.TrueForAll(writer.Erased.All.ContainsKey))
            return new(0, accounts, IsNew: false);
        foreach (var (table, key) in _gone)
            connection.Execute(HistorySql.ForgetDeletions, new { table, key }, writer.Transaction);
        foreach (var id in accounts)
        {
            foreach (var merge in writer.Rows.Read(FactTables.Aliases, $"{id}\u001f{FactTables.Accounts.Name}")?.Facts ?? [])
                facts.Add(merge with { SeenAt = stamp, AppliedAt = stamp, IsRetraction = true });
            connection.Execute(HistorySql.ForgetMerge, new { id }, writer.Transaction);
            writer.Erased.Add(id, stamp);
        }
        // What the last import could not take may be of it, in whatever spelling.
        connection.Execute(HistorySql.DeleteRejected, transaction: writer.Transaction);
        writer.Forget();
        // What was said before cannot be computed again; replicas fold anew.
        connection.Execute(HistorySql.InsertEpoch, new { at = stamp }, writer.Transaction);
        return new(_rows, accounts, IsNew: true);
    }

    /// <summary>True if there is an account of that id, or was one that was deleted, merged into another or erased before.</summary>
    bool WasThere(string accountId) =>
        writer.Rows.Has(FactTables.Accounts, accountId)
        || writer.Merged.Of(FactTables.Accounts, accountId) is not null
        || writer.Erased.All.ContainsKey(accountId)
        || connection.ExecuteScalar<int>(
            HistorySql.AnyVersion,
            new { table = FactTables.Accounts.Name, key = accountId },
            writer.Transaction
        ) == 1;

    void EraseRow(FactTable table, string key)
    {
        foreach (var (other, otherKey, _) in writer.Rows.Naming(table, key))
            EraseRow(other, otherKey);
        _gone.Add((table.Name, key));
        // Its last version is kept by this, and forgotten with those before.
        if (writer.Delete(table, key, stamp, facts) is not null)
            _rows++;
    }

    /// <summary>
    /// Forgets the earlier versions of what is gone. Those of rows that stand, and named any of it before they were moved, name what the
    /// row names now: what else was known of them stays known from when it was. Tables come after those they refer to.
    /// </summary>
    void EraseVersions()
    {
        foreach (var table in FactTables.OfFacts)
        {
            var versions = connection
                .Query<(string Key, bool IsEnd, DateTime AppliedAt, string Values)>(
                    HistorySql.SelectVersionKeys,
                    new { table = table.Name },
                    writer.Transaction
                )
                .ToList();
            foreach (var (key, isEnd, appliedAt, json) in versions)
            {
                var values = HistoryRow.ReadValues(table, json);
                if (!IsGone(table, key, values))
                    continue;
                _versions++;
                if (writer.Rows.Read(table, key) is { } stands)
                {
                    foreach (var column in table.Columns.Where(column => NamesGone(column, values)))
                        values[column.Position] = stands.Row[column.Name];
                    connection.Execute(
                        HistorySql.RewriteVersion,
                        new
                        {
                            table = table.Name,
                            key,
                            isEnd,
                            appliedAt,
                            values = HistoryRow.WriteValues(values),
                        },
                        writer.Transaction
                    );
                    continue;
                }
                connection.Execute(
                    HistorySql.ForgetVersion,
                    new
                    {
                        table = table.Name,
                        key,
                        isEnd,
                        appliedAt,
                    },
                    writer.Transaction
                );
                _gone.Add((table.Name, key));
            }
        }
    }

    bool IsGone(FactTable table, string key, object?[] values) =>
        _gone.Contains((table.Name, key)) || table.Columns.Any(column => NamesGone(column, values));

    bool NamesGone(FactColumn column, object?[] values) =>
        column.References is { } other && values[column.Position] is string id && _gone.Contains((other, id));
}
