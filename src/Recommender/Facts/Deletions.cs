using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Takes rows out as rows of <see cref="DeletionTable"/> say, and knows when rows of a key were taken out.</summary>
sealed class Deletions(HistoryWriter writer, DbConnection connection)
{
    bool? _areAny;

    // While many rows are taken in at once.
    readonly Dictionary<FactTable, Dictionary<string, DateTime>> _last = [];

    /// <summary>Has it be looked up again.</summary>
    public void Forget()
    {
        _areAny = null;
        _last.Clear();
    }

    /// <summary>Does what a row says.</summary>
    public RowResult Take(HistoryRow row, DateTime stamp, List<DatedFact> facts)
    {
        var deletion = FactTables.Deletions.Read(row);
        if (Target(deletion, out var table, out var key) is { } fault)
            return new(RowVerdict.Rejected, 0, fault);
        var noted = FactTables.Deletions.Row(
            ("table", table!.Name),
            ("key", key),
            ("at", deletion.At),
            ("reason", deletion.Reason),
            ("recorded_at", row.Date(FactTables.Deletions.RecordedAt))
        );
        var fingerprint = noted.Fingerprint(out _);
        var before = writer.Rows.Read(noted);
        var isThere = writer.Rows.Has(table, key!);
        // A file that says again what was done does not mean what came again since.
        if (before is not null && (!isThere || writer.KnownUntil > DateTime.MinValue))
            return new(RowVerdict.Unchanged, before.Fingerprint, null);
        if (!isThere)
            return new(RowVerdict.Rejected, 0, new("deletions", 0, "key", deletion.Key, $"a key that {table.Name} has"));
        var naming = writer.Rows.Naming(table, key!).ToLookup(row => row.Table.GoesWith.Contains(table.Name));
        if (naming[false].ToList() is [var (other, otherKey, _), ..] all)
            return new(RowVerdict.Rejected, 0, new("deletions", 0, "key", deletion.Key, StillNamed(all.Count, other, otherKey)));
        foreach (var (made, madeKey, _) in naming[true])
            writer.Delete(made, madeKey, stamp, facts);
        var deleted = writer.Delete(table, key!, stamp, facts);
        if (before is null)
            writer.Rows.Put(isNew: true, noted, RowMoments.At(stamp), isChange: false, null, fingerprint, stamp);
        connection.Execute(
            HistorySql.NoteDeleted,
            new
            {
                table = table.Name,
                key,
                at = deletion.At,
                fingerprint = deleted,
                stamp,
            },
            writer.Transaction
        );
        _areAny = true;
        if (_last.TryGetValue(table, out var last))
            last[key!] = stamp;
        return new(RowVerdict.Deleted, fingerprint, null);
    }

    /// <summary>When the row of a key was last taken out, UTC: what comes again is known again later only, and so is what names it.</summary>
    public DateTime LastOf(FactTable table, string key)
    {
        if (!AreAny())
            return default;
        if (writer.Rows.AreMany)
            return LastOf(table).GetValueOrDefault(key);
        return connection.QueryFirstOrDefault<DateTime>(
            HistorySql.SelectDeletedAt,
            new { table = table.Name, key },
            writer.Transaction
        );
    }

    Dictionary<string, DateTime> LastOf(FactTable table)
    {
        if (_last.TryGetValue(table, out var last))
            return last;
        _last[table] = last = [];
        foreach (
            var (key, at) in connection.Query<(string, DateTime)>(
                HistorySql.SelectAllDeletedAt,
                new { table = table.Name },
                writer.Transaction
            )
        )
            last[key] = at;
        return last;
    }

    bool AreAny() =>
        _areAny ??= connection.ExecuteScalar<int>(FactTables.Deletions.Statements.Any, transaction: writer.Transaction) == 1;

    /// <summary>What a deletion is of; else what is wrong.</summary>
    public static RejectedRow? Target(Deletion deletion, out FactTable? table, out string? key)
    {
        key = null;
        table = FactTables.Find(deletion.Table);
        if (table is not { IsAboutRows: false })
            return new(
                "deletions",
                0,
                "table",
                deletion.Table,
                $"one of {string.Join(", ", FactTables.OfFacts.Select(one => one.Name))}"
            );
        key = KeyOf(table, deletion.Key);
        return key is null
            ? new(
                "deletions",
                0,
                "key",
                deletion.Key,
                $"{string.Join('|', table.Columns.Take(table.KeyLength).Select(column => column.Name))}"
            )
            : null;
    }

    /// <summary>The key as rows have it, of one whose parts '|' separates; null if it is none.</summary>
    public static string? KeyOf(FactTable table, string text)
    {
        if (table.KeyLength == 1 || text.Contains('\u001f'))
            return text;
        var parts = text.Split('|');
        if (parts.Length != table.KeyLength)
            return null;
        for (var i = 0; i < parts.Length; i++)
        {
            if (table.Columns[i].Kind != ColumnKind.Instant)
                continue;
            if (!Instants.TryParse(parts[i], out var at))
                return null;
            parts[i] = Instants.Text(at);
        }
        return string.Join('\u001f', parts);
    }

    static string StillNamed(int count, FactTable table, string key) =>
        FormattableString.Invariant(
            $"a row that no other names; {count} do, the first {table.Name} '{key.Replace('\u001f', '|')}'. Delete or move those first"
        );
}
