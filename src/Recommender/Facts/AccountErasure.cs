using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What was forgotten.</summary>
/// <param name="Rows">Rows of the history that went.</param>
/// <param name="Accounts">The account, and those that were merged into it.</param>
public sealed record ErasedAccount(int Rows, IReadOnlyList<string> Accounts);

/// <summary>Forgets an account, and those that were merged into it, with everything that names them and all that was said before.</summary>
sealed class AccountErasure(HistoryWriter writer, DbConnection connection, DateTime stamp, List<DatedFact> facts)
{
    readonly HashSet<(string Table, string Key)> _gone = [];
    readonly HashSet<string> _names = [];
    int _rows;

    /// <summary>Forgets an account; null if none of that id ever was.</summary>
    public ErasedAccount? Erase(string accountId)
    {
        if (!WasThere(accountId))
            return null;
        List<string> accounts = [accountId, .. writer.Merged.Into(FactTables.Accounts, accountId)];
        foreach (var id in accounts)
            EraseRow(FactTables.Accounts, id);
        EraseVersions();
        foreach (var (table, key) in _gone)
            connection.Execute(HistorySql.ForgetDeletions, new { table, key }, writer.Transaction);
        foreach (var id in accounts)
        {
            connection.Execute(HistorySql.ForgetMerge, new { id }, writer.Transaction);
            writer.Erased.Add(id, stamp);
        }
        foreach (var text in _names)
            connection.Execute(HistorySql.ForgetRejected.For(connection), new { text }, writer.Transaction);
        writer.Forget();
        // What was said before cannot be computed again; replicas fold anew.
        connection.Execute(HistorySql.InsertEpoch, new { at = stamp }, writer.Transaction);
        return new(_rows, accounts);
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
    /// Forgets the earlier versions of what is gone, and those of other rows that named any of it; tables come after those they refer to.
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
                .Where(version => IsGone(table, version.Key, HistoryRow.ReadValues(table, version.Values)))
                .ToList();
            foreach (var (key, isEnd, appliedAt, _) in versions)
            {
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
                if (!writer.Rows.Has(table, key))
                    _gone.Add((table.Name, key));
            }
        }
    }

    bool IsGone(FactTable table, string key, object?[] values)
    {
        var isGone =
            _gone.Contains((table.Name, key))
            || table.Columns.Any(column =>
                column.References is { } other && values[column.Position] is string id && _gone.Contains((other, id))
            );
        if (isGone && table == FactTables.Accounts && values[table.IndexOf("name")] is string name)
            _names.Add(name);
        return isGone;
    }
}
