using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The keys of the tables that others refer to.</summary>
public sealed class KnownKeys
{
    readonly Dictionary<string, HashSet<string>> _keys = FactTables
        .All.SelectMany(table => table.Columns)
        .Select(column => column.References)
        .OfType<string>()
        .Distinct()
        .ToDictionary(table => table, _ => new HashSet<string>());
    readonly Dictionary<(string Table, string Id), string> _merged = [];
    readonly HashSet<(string Table, string Id)> _into = [];
    readonly HashSet<(string Table, string Id)> _done = [];
    readonly Dictionary<string, DateTime> _erased = [];
    readonly Dictionary<(string Table, string Column), Dictionary<string, string?>> _named = [];

    /// <summary>The keys of <paramref name="table"/>; null if nothing refers to it.</summary>
    public HashSet<string>? Of(string table) => _keys.GetValueOrDefault(table);

    /// <summary>Has rows of a table be found by what a column holds, from now on.</summary>
    internal void NameBy(string table, string column) => _named.TryAdd((table, column), []);

    /// <summary>Remembers what a row can be found by.</summary>
    internal void Name(HistoryRow row)
    {
        foreach (var ((table, column), ids) in _named)
        {
            if (table == row.Table.Name && row[column] is string value && MarkOf(column, value) is var text)
                ids[text] = ids.TryGetValue(text, out var other) && other != row.Key ? null : row.Key;
        }
    }

    /// <summary>The id of the row whose column holds a text; null if none does, or several do.</summary>
    internal string? FindBy(string table, string column, string text) =>
        _named[(table, column)].GetValueOrDefault(MarkOf(column, text));

    /// <summary>A domain however it is written, an address at it included; another text as people compare it.</summary>
    static string MarkOf(string column, string text) =>
        column == "domain" && CompanyIdentity.HostOf(text) is { } host ? host : TextKey.Of(text);

    /// <summary>Has an id that no row has stand for another.</summary>
    /// <param name="table">accounts or partners.</param>
    /// <param name="oldId">The id.</param>
    /// <param name="newId">What it stands for.</param>
    /// <param name="isDone">The rows were merged before.</param>
    internal void Rename(string table, string oldId, string newId, bool isDone)
    {
        _merged[(table, oldId)] = newId;
        _into.Add((table, newId));
        if (isDone)
            _done.Add((table, oldId));
    }

    /// <summary>True if anything was merged, or is to be.</summary>
    internal bool HasMerges => _merged.Count > 0;

    /// <summary>True if an id is to be merged into another, or another into it.</summary>
    internal bool IsOfMerge(string table, string id) => _merged.ContainsKey((table, id)) || _into.Contains((table, id));

    /// <summary>True if the row was merged into another before.</summary>
    internal bool IsMerged(string table, string id) => _done.Contains((table, id));

    /// <summary>Has rows of an account, and what names it, be refused: it was erased.</summary>
    internal void Erase(string accountId, DateTime at) => _erased[accountId] = at;

    /// <summary>What was expected in place of an id; null unless it is that of an erased account.</summary>
    internal string? Erased(string table, string id) =>
        _erased.Count > 0 && table == FactTables.Accounts.Name && _erased.TryGetValue(id, out var at)
            ? ErasedAccounts.Expected(id, at)
            : null;

    /// <summary>The key that an id stands for; null if there is none.</summary>
    internal string? Find(string table, string id)
    {
        var known = _keys[table];
        for (var step = 0; step <= _merged.Count; step++)
        {
            if (Erased(table, id) is not null)
                return null;
            if (!_done.Contains((table, id)) && known.TryGetValue(id, out var key))
                return key;
            if (!_merged.TryGetValue((table, id), out id!))
                return null;
        }
        return null;
    }
}
