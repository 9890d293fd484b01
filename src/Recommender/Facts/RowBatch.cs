using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// The rows of one large write on SQL Server, where each statement is a way to the server and back: read many at a time before they are
/// asked for, and written many at a time before anything else is to see them. Not safe for several threads.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="transaction">The transaction of the write.</param>
/// <param name="rows">Writes the few that are not worth a set.</param>
sealed class RowBatch(SqlConnection connection, SqlTransaction transaction, RowStatements rows)
{
    const int KeysOfQuery = 10_000;
    const int FewestOfSet = 8;

    // null: there is no row of that key.
    readonly Dictionary<(FactTable Table, string Key), StoredRow?> _known = [];
    readonly Dictionary<(FactTable Table, string ExternalId), SortedSet<string>> _having = [];
    readonly Dictionary<
        FactTable,
        Dictionary<string, (StoredRow Row, RowMoments Moments, string? Attributes, bool IsNew)>
    > _written = [];
    readonly List<SupersededRow> _superseded = [];

    /// <summary>Reads what taking rows in will ask for: those that have their keys, and those that they name.</summary>
    public void Expect(IReadOnlyList<HistoryRow> coming)
    {
        var keys = new Dictionary<FactTable, HashSet<string>>();
        void Want(FactTable table, string key)
        {
            if (_known.ContainsKey((table, key)))
                return;
            if (!keys.TryGetValue(table, out var wanted))
                keys[table] = wanted = [];
            wanted.Add(key);
        }
        foreach (var row in coming.Where(row => !row.Table.IsAboutRows))
        {
            Want(row.Table, row.Key);
            foreach (var column in row.Table.Columns)
            {
                if (column.References is { } other && row.Text(column) is { } id)
                    Want(FactTables.Find(other)!, id);
            }
        }
        foreach (var (table, wanted) in keys)
        {
            foreach (var some in wanted.Chunk(KeysOfQuery))
                Load(table, some);
        }
        foreach (var listed in coming.Where(row => row.Table.IsListed).GroupBy(row => row.Table))
        {
            var ids = listed.Select(row => row["external_id"] as string).OfType<string>().Distinct();
            foreach (var some in ids.Where(id => !_having.ContainsKey((listed.Key, id))).Chunk(KeysOfQuery))
                LoadHaving(listed.Key, some);
        }
    }

    void Load(FactTable table, string[] keys)
    {
        foreach (var key in keys)
            _known[(table, key)] = null;
        Want(
            keys.Select(key =>
            {
                var parts = table.KeyLength == 1 ? [key] : key.Split('\u001f', table.KeyLength);
                var isDated = table.Columns[table.KeyLength - 1].Kind == ColumnKind.Instant;
                var texts = isDated ? parts[..^1] : parts;
                return new object?[]
                {
                    texts[0],
                    texts.ElementAtOrDefault(1),
                    texts.ElementAtOrDefault(2),
                    texts.ElementAtOrDefault(3),
                    isDated ? Instants.OfText(parts[^1]) : null,
                };
            })
        );
        var names = new Dictionary<string, string[]>();
        using (var reader = HistoryStore.Query(connection, transaction, table.Statements.FindMany))
        {
            while (reader.Read())
            {
                var stored = StoredRow.Read(table, reader, names);
                _known[(table, stored.Row.Key)] = stored;
            }
        }
        connection.Execute(HistorySql.UnstageWanted, transaction: transaction);
    }

    void LoadHaving(FactTable table, string[] ids)
    {
        foreach (var id in ids)
            _having[(table, id)] = new(StringComparer.Ordinal);
        Want(ids.Select(id => new object?[] { id, null, null, null, null }));
        using (var reader = HistoryStore.Query(connection, transaction, table.Statements.HavingMany!))
        {
            while (reader.Read())
                _having[(table, reader.GetString(0))].Add(reader.GetString(1));
        }
        connection.Execute(HistorySql.UnstageWanted, transaction: transaction);
    }

    void Want(IEnumerable<object?[]> keys)
    {
        using var copy = new StagedRows.BulkCopy(
            connection,
            transaction,
            "#wanted",
            [
                ("k0", typeof(string)),
                ("k1", typeof(string)),
                ("k2", typeof(string)),
                ("k3", typeof(string)),
                ("at", typeof(DateTimeOffset)),
            ]
        );
        foreach (var key in keys)
            copy.Add(key);
        copy.Finish();
    }

    /// <summary>Where #wanted holds a part of a key: texts in their order, then its date.</summary>
    public static string WantedColumn(FactColumn column) =>
        column.Kind == ColumnKind.Instant ? "at" : FormattableString.Invariant($"k{column.Position}");

    /// <summary>True if it is known whether there is a row of that key, and which.</summary>
    public bool TryFind(FactTable table, string key, out StoredRow? stored) => _known.TryGetValue((table, key), out stored);

    /// <summary>Ids of the rows that have an external id; null if that is not known.</summary>
    public IReadOnlyCollection<string>? Having(FactTable table, string externalId) =>
        _having.GetValueOrDefault((table, externalId));

    /// <summary>Remembers what a query found.</summary>
    public void Know(FactTable table, string key, StoredRow? stored) => _known[(table, key)] = stored;

    /// <summary>Has a row be written with the next set.</summary>
    public void Put(bool isNew, HistoryRow row, in RowMoments moments, bool isChange, string? attributes, long fingerprint)
    {
        if (!_written.TryGetValue(row.Table, out var written))
            _written[row.Table] = written = [];
        var stored = StoredRow.Of(row, moments, isChange, fingerprint);
        if (_known.GetValueOrDefault((row.Table, row.Key)) is { } before)
            Having(before.Row)?.Remove(row.Key);
        Having(row)?.Add(row.Key);
        _known[(row.Table, row.Key)] = stored;
        written[row.Key] = (stored, moments, attributes, written.TryGetValue(row.Key, out var earlier) ? earlier.IsNew : isNew);
    }

    SortedSet<string>? Having(HistoryRow row) =>
        row.Table.IsListed && row["external_id"] is string id ? _having.GetValueOrDefault((row.Table, id)) : null;

    /// <summary>Has an earlier version of a row be kept with the next set.</summary>
    public void Keep(SupersededRow superseded) => _superseded.Add(superseded);

    /// <summary>Notes that a row was taken out.</summary>
    public void Deleted(FactTable table, string key)
    {
        if (_known.GetValueOrDefault((table, key)) is { } before)
            Having(before.Row)?.Remove(key);
        _known[(table, key)] = null;
    }

    /// <summary>Has everything stand in the database that was put so far.</summary>
    public void Flush()
    {
        foreach (var table in FactTables.All)
        {
            if (!_written.Remove(table, out var written))
                continue;
            if (written.Count < FewestOfSet)
            {
                foreach (var (stored, moments, attributes, isNew) in written.Values)
                    rows.Write(isNew, stored.Row, moments, stored.IsChange, attributes, stored.Fingerprint);
                continue;
            }
            using var staged = new StagedRows(connection, transaction, table);
            foreach (var (stored, moments, attributes, isNew) in written.Values)
                staged.Add(RowCommand.Values(stored.Row, moments, stored.IsChange, attributes, stored.Fingerprint), isNew);
            staged.Finish();
        }
        if (_superseded.Count < FewestOfSet)
            _superseded.ForEach(rows.Write);
        else
            SupersededRow.Copy(connection, transaction, _superseded);
        _superseded.Clear();
    }
}
