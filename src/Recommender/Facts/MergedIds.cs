using System.Data.Common;
using Dapper;

namespace Recommender.Facts;

/// <summary>Into what accounts and partners were merged, as far as a transaction sees it.</summary>
sealed class MergedIds(DbConnection connection)
{
    Dictionary<(string Table, string Id), string>? _merged;

    /// <summary>The transaction.</summary>
    public DbTransaction? Transaction { get; set; }

    /// <summary>Has it be read again.</summary>
    public void Forget() => _merged = null;

    /// <summary>Into what a row of a table was merged; null if it was not.</summary>
    public string? Of(FactTable table, string id) =>
        table == FactTables.Accounts || table == FactTables.Partners ? All().GetValueOrDefault((table.Name, id)) : null;

    /// <summary>What an id stands for now: itself, unless it was merged, once or several times.</summary>
    public string Last(FactTable table, string id)
    {
        while (Of(table, id) is { } next)
            id = next;
        return id;
    }

    /// <summary>The ids that were merged into one, directly or by way of others.</summary>
    public List<string> Into(FactTable table, string id)
    {
        var ids = new List<string>();
        Add(id);
        return ids;

        void Add(string into)
        {
            foreach (var ((name, old), next) in All())
            {
                if (name != table.Name || next != into || ids.Contains(old))
                    continue;
                ids.Add(old);
                Add(old);
            }
        }
    }

    /// <summary>The row with what merged accounts and partners are now in place of what they were.</summary>
    public HistoryRow Renamed(HistoryRow row)
    {
        if (All().Count == 0)
            return row;
        foreach (var column in row.Table.Columns)
        {
            if (column.References is { } other && row.Text(column) is { } id && All().ContainsKey((other, id)))
                row = row.With(column.Name, Last(FactTables.Find(other)!, id));
        }
        return row;
    }

    Dictionary<(string Table, string Id), string> All() =>
        _merged ??= connection
            .Query<(string Old, string New, string Table)>(HistorySql.SelectAliases, transaction: Transaction)
            .ToDictionary(alias => (alias.Table, alias.Old), alias => alias.New);
}
