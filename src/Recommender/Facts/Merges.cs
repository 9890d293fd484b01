using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Has accounts and partners be others from a moment on, as rows of <see cref="AliasTable"/> say.</summary>
sealed class Merges(HistoryWriter writer)
{
    /// <summary>
    /// Rows as their file gives them, with the line, if they come from one: of two that become one, the first counts, and given again, none
    /// has changed.
    /// </summary>
    public Dictionary<(string Table, string Key), ((string File, long Line) At, HistoryRow Row)> Given { get; } = [];

    /// <summary>Does what a row says.</summary>
    public RowResult Take(HistoryRow row, DateTime stamp, List<DatedFact> facts)
    {
        var alias = FactTables.Aliases.Read(row);
        RowResult Reject(string column, string found, string expected) =>
            new(RowVerdict.Rejected, 0, new("aliases", 0, column, found, expected));
        FactTable[] tables = alias.Table is { } name ? [FactTables.Find(name)!] : [FactTables.Accounts, FactTables.Partners];
        foreach (var table in tables)
        {
            if (writer.Rows.Read(FactTables.Aliases, $"{alias.OldId}\u001f{table.Name}") is not { } before)
                continue;
            var into = (string)before.Row["new_id"]!;
            if (into == alias.NewId)
                return new(RowVerdict.Unchanged, before.Fingerprint, null);
            if (!tables.Any(one => writer.Knows(one, alias.OldId)))
                return Reject("old_id", alias.OldId, $"an id that was not merged; it is '{into}' already");
        }
        RejectedRow? Erased(string column, string id) =>
            tables.Contains(FactTables.Accounts) && writer.Erased.Fault(FactTables.Accounts.Name, id) is { } erased
                ? new("aliases", 0, column, id, erased)
                : null;
        var having = tables.Where(table => writer.Knows(table, alias.OldId)).ToList();
        if (having.Count == 0 && Erased("old_id", alias.OldId) is { } old)
            return new(RowVerdict.Rejected, 0, old);
        if (having.Count != 1)
            return Reject(
                "old_id",
                alias.OldId,
                having.Count == 0
                    ? $"an id that {string.Join(" or ", tables.Select(table => table.Name))} have"
                    : "table to say whether the account or the partner is meant"
            );
        var of = having[0];
        // The other may have been merged itself.
        var newId = writer.Merged.Last(of, alias.NewId);
        if (of == FactTables.Accounts && Erased("new_id", newId) is { } gone)
            return new(RowVerdict.Rejected, 0, gone);
        if (newId == alias.OldId || !writer.Knows(of, newId))
            return Reject("new_id", alias.NewId, $"another id that {of.Name} have");
        foreach (var (table, key, column) in writer.Rows.Naming(of, alias.OldId))
            Rename(table, key, column, newId, stamp, facts);
        var merged = writer.Rows.Read(of, alias.OldId)!.Row;
        writer.Delete(of, alias.OldId, stamp, facts);
        var noted = FactTables.Aliases.Row(
            ("old_id", alias.OldId),
            ("new_id", alias.NewId),
            ("at", alias.At),
            ("table", of.Name),
            ("name", alias.Name ?? merged["name"]),
            ("domain", alias.Domain ?? merged["domain"]),
            ("external_id", alias.ExternalId ?? merged["external_id"]),
            ("recorded_at", row.Date(FactTables.Aliases.RecordedAt))
        );
        var fingerprint = noted.Fingerprint(out _);
        writer.Rows.Put(isNew: true, noted, RowMoments.At(stamp), isChange: false, null, fingerprint, stamp);
        facts.Add(new(stamp, FactKind.Merge, noted.Key, FactTables.Aliases.Read(noted)));
        writer.Merged.Forget();
        return new(RowVerdict.Inserted, fingerprint, null);
    }

    /// <summary>Has a row name another; one whose key that changes becomes another row, unless there is that one already.</summary>
    void Rename(FactTable table, string key, FactColumn column, string id, DateTime stamp, List<DatedFact> facts)
    {
        if (writer.Rows.Read(table, key) is not { } stored)
            return;
        if (stored.IsChange && stored.Facts[0].AppliedAt is var began && began >= stamp && began <= writer.KnownUntil)
            stamp = began.AddMilliseconds(1);
        var renamed = stored.Row.With(column.Name, id);
        // That of the row as it was given, with its recorded_at or without: given again, it has not changed.
        if (stored.Row.Fingerprint(out _) != stored.Fingerprint)
            renamed = renamed.With("recorded_at", null);
        var isGiven = Given.TryGetValue((table.Name, key), out var given);
        given = (isGiven ? given.At : ("", long.MaxValue), isGiven ? given.Row.With(column.Name, id) : renamed);
        var fingerprint = given.Row.Fingerprint(out var attributes);
        renamed = renamed.With("recorded_at", null);
        var isMoved = column.Position < table.KeyLength;
        var other = isMoved ? writer.Rows.Read(table, renamed.Key) : null;
        var isFirst = other is null || given.At.Line < LineOf(table, renamed.Key) || table.Wins(renamed, other.Row);
        if (isGiven && isFirst)
            Given[(table.Name, renamed.Key)] = given;
        if (isMoved)
            writer.Delete(table, key, stamp, facts);
        if (!isMoved)
            writer.Put(renamed, stored, stamp, attributes, fingerprint, facts);
        else if (isFirst && other?.Fingerprint != fingerprint)
            writer.Put(renamed, other, stamp, attributes, fingerprint, facts);
    }

    long LineOf(FactTable table, string key) =>
        Given.TryGetValue((table.Name, key), out var given) ? given.At.Line : long.MaxValue;
}
