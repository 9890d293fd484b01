using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Forgets accounts.</summary>
sealed class AccountErasure(HistoryWriter writer, DbConnection connection)
{
    /// <summary>Removes an account and everything that names it, with all earlier versions.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="stamp">Now, UTC.</param>
    /// <param name="facts">Given what a live fold has to take back.</param>
    /// <returns>How many rows went; null if there is no such account.</returns>
    public int? Erase(string accountId, DateTime stamp, List<DatedFact> facts)
    {
        if (!writer.Rows.Has(FactTables.Accounts, accountId))
            return null;
        var rows = 0;
        EraseRow(FactTables.Accounts, accountId);
        // What was said before cannot be computed again; replicas fold anew.
        connection.Execute(HistorySql.InsertEpoch, new { at = stamp }, writer.Transaction);
        return rows;

        void EraseRow(FactTable table, string key)
        {
            foreach (var (other, otherKey, _) in writer.Rows.Naming(table, key))
                EraseRow(other, otherKey);
            if (writer.Delete(table, key, stamp, stamp, facts) is null)
                return;
            rows++;
            connection.Execute(HistorySql.ForgetSuperseded, new { table = table.Name, key }, writer.Transaction);
        }
    }
}
