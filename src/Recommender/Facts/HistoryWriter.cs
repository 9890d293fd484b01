using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What became of a row.</summary>
public enum RowVerdict
{
    /// <summary>It is new.</summary>
    Inserted,

    /// <summary>It replaced an earlier version, which is kept.</summary>
    Updated,

    /// <summary>It was there as it is.</summary>
    Unchanged,

    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>It cannot be taken.</summary>
    Rejected,

    /// <summary>It was not as the caller expected it to be.</summary>
    NotAsExpected,
}

/// <summary>What became of a row that was handed in.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Fingerprint">A number that changes when the row does; 0 if there is no row.</param>
/// <param name="Reason">Why it was rejected: column, what was found, what was expected; null otherwise.</param>
public readonly record struct RowResult(RowVerdict Verdict, long Fingerprint, RejectedRow? Reason);

/// <summary>What a caller expects of a row before it is written.</summary>
/// <param name="Fingerprint">The version it must have; null if any.</param>
/// <param name="Absent">It must not be there yet.</param>
/// <param name="Present">It must be there, in any version.</param>
public readonly record struct RowExpectation(long? Fingerprint, bool Absent, bool Present = false);

/// <summary>Takes rows in one by one on the connection of the only writer, and out. Not safe for several threads.</summary>
public sealed class HistoryWriter : IDisposable
{
    const int MostKnown = 100_000;
    readonly DbConnection _connection;
    readonly Dictionary<string, Commands> _commands = [];
    readonly Dictionary<string, string[]> _names = [];
    readonly HashSet<(string Table, string Key)> _known = [];
    Dictionary<(string Table, string Id), string>? _aliases;

    /// <summary>A writer on <paramref name="connection"/>, which the caller keeps open.</summary>
    public HistoryWriter(DbConnection connection) => _connection = connection;

    /// <summary>The transaction that the next rows belong to.</summary>
    public DbTransaction? Transaction
    {
        get;
        set
        {
            field = value;
            // Others may have merged something since.
            _aliases = null;
        }
    }

    /// <summary>
    /// The end of the time in which rows were known, UTC, where corrections may be dated before that: a version that began meanwhile is
    /// corrected after it began. <see cref="DateTime.MinValue"/> where corrections are dated after all that was known.
    /// </summary>
    internal DateTime KnownUntil { get; init; } = DateTime.MinValue;

    /// <summary>Forgets what was seen in a transaction that was rolled back.</summary>
    public void Forget()
    {
        _known.Clear();
        _aliases = null;
    }

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(FactTable table, string key)
    {
        if (Read(CommandsOf(table), table, key) is not { } stored)
            return null;
        return (stored.Row, stored.Fingerprint);
    }

    /// <summary>Takes a row in, if it can be taken.</summary>
    /// <param name="row">As the caller gave it. Without recorded_at it is recorded now.</param>
    /// <param name="stamp">Now, UTC: later than everything that was taken in before.</param>
    /// <param name="expected">What the caller expects to be there.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    public RowResult Upsert(HistoryRow row, DateTime stamp, RowExpectation expected, List<DatedFact> facts)
    {
        if (row.Table == FactTables.Deletions)
            return DeleteBy(row, stamp, facts);
        if (row.Table == FactTables.Aliases)
            return MergeBy(row, stamp, facts);
        if (row.Table == FactTables.FieldChanges)
            return new(
                RowVerdict.Rejected,
                0,
                new(
                    row.Table.Name,
                    0,
                    "table",
                    row.Table.Name,
                    "field changes in an import; a service keeps every version by itself"
                )
            );
        var table = row.Table;
        var commands = CommandsOf(table);
        row = Renamed(row);
        if (AliasOf(table, row.Key) is { } merged)
            return new(
                RowVerdict.Rejected,
                0,
                new(table.Name, 0, table.Columns[0].Name, row.Key, $"'{merged}', into which it was merged")
            );
        var stored = Read(commands, table, row.Key);
        if (
            expected.Absent && stored is not null
            || expected.Present && stored is null
            || expected.Fingerprint is { } version && version != stored?.Fingerprint
        )
            return new(RowVerdict.NotAsExpected, stored?.Fingerprint ?? 0, null);
        var fingerprint = row.Fingerprint(out var attributes);
        if (stored?.Fingerprint == fingerprint)
            return new(RowVerdict.Unchanged, fingerprint, null);
        if (Fault(row, stored?.Row) is { } fault)
            return new(RowVerdict.Rejected, stored?.Fingerprint ?? 0, fault);
        Put(commands, row, stored, stamp, attributes, fingerprint, facts);
        return new(stored is null ? RowVerdict.Inserted : RowVerdict.Updated, fingerprint, null);
    }

    void Put(
        Commands commands,
        HistoryRow row,
        StoredRow? stored,
        DateTime stamp,
        string? attributes,
        long fingerprint,
        List<DatedFact> facts
    )
    {
        var wasSeen = stored?.Facts[0].AppliedAt < stamp;
        row = Dated(row, stored, stamp);
        DateTime? from = wasSeen ? Earlier(row.Date(row.Table.RecordedAt)!.Value, stamp) : null;
        var stated = row.Facts(from).Select(fact => fact with { AppliedAt = HistoryRow.Later(fact.SeenAt, stamp) }).ToList();
        RowCommand.Execute(
            stored is null ? commands.Insert : commands.Update,
            row,
            stated,
            wasSeen || stored?.IsChange == true,
            attributes,
            fingerprint
        );
        if (stored is not null)
            Supersede(stored, from ?? stated[0].SeenAt, stamp, stated, facts);
        facts.AddRange(stated);
        if (_known.Count < MostKnown)
            _known.Add((row.Table.Name, row.Key));
    }

    /// <summary>
    /// Keeps what was seen of a row until it was replaced or deleted. What <paramref name="stated"/> says in its place is told so; the rest
    /// is taken back.
    /// </summary>
    void Supersede(StoredRow stored, DateTime untilSeen, DateTime until, List<DatedFact> stated, List<DatedFact> facts)
    {
        for (var i = 0; i < stored.Facts.Count; i++)
        {
            var fact = stored.Facts[i];
            var isSeen = fact.AppliedAt < until;
            // What lies in the future was never seen: the new version takes its place. That a row is gone, replicas learn from here.
            if (!isSeen && stated.Count > 0)
                continue;
            Keep(stored.Row, i, fact, stored.IsChange, untilSeen, until);
            var now = stated.FindIndex(one => one.Kind == fact.Kind && one.AppliedAt == until);
            if (now >= 0)
                stated[now] = stated[now] with { Replaced = fact.Noun };
            else
                facts.Add(fact with { SeenAt = untilSeen, AppliedAt = until, IsRetraction = true });
        }
    }

    internal void Keep(HistoryRow row, int part, in DatedFact fact, bool isChange, DateTime untilSeen, DateTime until)
    {
        _connection.Execute(
            HistorySql.Supersede,
            new
            {
                table = row.Table.Name,
                isEnd = part,
                key = row.Key,
                appliedAt = fact.AppliedAt,
                seenAt = fact.SeenAt,
                isChange,
                values = row.WriteValues(),
                attributes = row.AttributesAsJson(),
                untilAppliedAt = until,
                untilSeenAt = untilSeen,
            },
            Transaction
        );
    }

    /// <summary>Takes a row out; null if there is none. What other rows say of it must be gone before.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its key.</param>
    /// <param name="at">When it is gone from, UTC; as seen in training.</param>
    /// <param name="stamp">Now, UTC.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    internal long? Delete(FactTable table, string key, DateTime at, DateTime stamp, List<DatedFact> facts)
    {
        var commands = CommandsOf(table);
        if (Read(commands, table, key) is not { } stored)
            return null;
        Supersede(stored, at, stamp, [], facts);
        commands.Delete.Transaction = Transaction;
        SetKey(commands.Delete, table, key);
        commands.Delete.ExecuteNonQuery();
        _known.Remove((table.Name, key));
        return stored.Fingerprint;
    }

    /// <summary>Rows that name a row of accounts, partners or opportunities, children of children last.</summary>
    internal List<(FactTable Table, string Key, FactColumn Column)> Naming(FactTable table, string key)
    {
        var naming = new List<(FactTable, string, FactColumn)>();
        foreach (var other in FactTables.OfFacts)
        {
            foreach (var statement in other.Statements.Naming.Where(one => one.Column.References == table.Name))
            {
                using var command = _connection.CreateCommand();
                (command.CommandText, command.Transaction) = (statement.Sql, Transaction);
                var id = command.CreateParameter();
                id.ParameterName = "@id";
                Engines.Set(id, key);
                command.Parameters.Add(id);
                using var reader = command.ExecuteReader();
                while (reader.Read())
                    naming.Add((other, HistoryStore.ReadKey(other, reader), statement.Column));
            }
        }
        return naming;
    }

    RowResult DeleteBy(HistoryRow row, DateTime stamp, List<DatedFact> facts)
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
        var before = Read(noted);
        var isThere = Read(table, key!) is not null;
        // A file that says again what was done does not mean what came again since.
        if (before is not null && (!isThere || KnownUntil > DateTime.MinValue))
            return new(RowVerdict.Unchanged, before.Fingerprint, null);
        if (!isThere)
            return new(RowVerdict.Rejected, 0, new("deletions", 0, "key", deletion.Key, $"a key that {table.Name} has"));
        if (Naming(table, key!) is [var (other, otherKey, _), ..] all)
            return new(RowVerdict.Rejected, 0, new("deletions", 0, "key", deletion.Key, StillNamed(all.Count, other, otherKey)));
        var deleted = Delete(table, key!, stamp, stamp, facts);
        if (before is null)
            Note(noted, stamp, fingerprint);
        _connection.Execute(
            HistorySql.NoteDeleted,
            new
            {
                table = table.Name,
                key,
                at = deletion.At,
                fingerprint = deleted,
                stamp,
            },
            Transaction
        );
        return new(RowVerdict.Deleted, fingerprint, null);
    }

    internal static string StillNamed(int count, FactTable table, string key) =>
        FormattableString.Invariant(
            $"a row that no other names; {count} do, the first {table.Name} '{key.Replace('\u001f', '|')}'. Delete or move those first"
        );

    /// <summary>What a deletion is of; else what is wrong.</summary>
    internal static RejectedRow? Target(Deletion deletion, out FactTable? table, out string? key)
    {
        key = null;
        table = FactTables.Find(deletion.Table);
        if (table?.Kind is null)
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
    internal static string? KeyOf(FactTable table, string text)
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

    RowResult MergeBy(HistoryRow row, DateTime stamp, List<DatedFact> facts)
    {
        var alias = FactTables.Aliases.Read(row);
        RowResult Reject(string column, string found, string expected) =>
            new(RowVerdict.Rejected, 0, new("aliases", 0, column, found, expected));
        FactTable[] tables = alias.Table is { } name ? [FactTables.Find(name)!] : [FactTables.Accounts, FactTables.Partners];
        foreach (var table in tables)
        {
            if (Read(FactTables.Aliases, $"{alias.OldId}\u001f{table.Name}") is not { } before)
                continue;
            var into = (string)before.Row["new_id"]!;
            if (into == alias.NewId)
                return new(RowVerdict.Unchanged, before.Fingerprint, null);
            if (!tables.Any(one => Knows(one.Name, alias.OldId)))
                return Reject("old_id", alias.OldId, $"an id that was not merged; it is '{into}' already");
        }
        var having = tables.Where(table => Knows(table.Name, alias.OldId)).ToList();
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
        var newId = alias.NewId;
        while (AliasOf(of, newId) is { } next)
            newId = next;
        if (newId == alias.OldId || !Knows(of.Name, newId))
            return Reject("new_id", alias.NewId, $"another id that {of.Name} have");
        foreach (var (table, key, column) in Naming(of, alias.OldId))
            Rename(table, key, column, newId, stamp, facts);
        Delete(of, alias.OldId, stamp, stamp, facts);
        var noted = FactTables.Aliases.Row(
            ("old_id", alias.OldId),
            ("new_id", alias.NewId),
            ("at", alias.At),
            ("table", of.Name),
            ("recorded_at", row.Date(FactTables.Aliases.RecordedAt))
        );
        var fingerprint = noted.Fingerprint(out _);
        Note(noted, stamp, fingerprint);
        _aliases = null;
        return new(RowVerdict.Inserted, fingerprint, null);
    }

    /// <summary>Has a row name another; one whose key that changes becomes another row, unless there is that one already.</summary>
    void Rename(FactTable table, string key, FactColumn column, string id, DateTime stamp, List<DatedFact> facts)
    {
        var commands = CommandsOf(table);
        if (Read(commands, table, key) is not { } stored)
            return;
        if (stored.IsChange && stored.Facts[0].AppliedAt is var began && began >= stamp && began <= KnownUntil)
            stamp = began.AddMilliseconds(1);
        var renamed = stored.Row.With(column.Name, id);
        // That of the row as it was given, with its recorded_at or without: given again, it has not changed.
        if (stored.Row.Fingerprint(out _) != stored.Fingerprint)
            renamed = renamed.With("recorded_at", null);
        var fingerprint = renamed.Fingerprint(out var attributes);
        renamed = renamed.With("recorded_at", null);
        if (column.Position >= table.KeyLength)
        {
            Put(commands, renamed, stored, stamp, attributes, fingerprint, facts);
            return;
        }
        Delete(table, key, stamp, stamp, facts);
        if (Read(commands, table, renamed.Key) is null)
            Put(commands, renamed, null, stamp, attributes, fingerprint, facts);
    }

    /// <summary>Removes an account and everything that names it, with all earlier versions.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="stamp">Now, UTC.</param>
    /// <param name="facts">Given what a live fold has to take back.</param>
    /// <returns>How many rows went; null if there is no such account.</returns>
    internal int? Erase(string accountId, DateTime stamp, List<DatedFact> facts)
    {
        if (Read(FactTables.Accounts, accountId) is null)
            return null;
        var rows = 0;
        EraseRow(FactTables.Accounts, accountId);
        // What was said before cannot be computed again; replicas fold anew.
        _connection.Execute(HistorySql.InsertEpoch, new { at = stamp }, Transaction);
        return rows;

        void EraseRow(FactTable table, string key)
        {
            foreach (var (other, otherKey, _) in Naming(table, key))
                EraseRow(other, otherKey);
            if (Delete(table, key, stamp, stamp, facts) is null)
                return;
            rows++;
            _connection.Execute(HistorySql.ForgetSuperseded, new { table = table.Name, key }, Transaction);
        }
    }

    void Note(HistoryRow row, DateTime stamp, long fingerprint) =>
        RowCommand.Execute(
            Prepared(CommandsOf(row.Table)).Insert,
            row,
            [new(stamp, FactKind.Feedback, row.Key, row)],
            isChange: false,
            null,
            fingerprint
        );

    /// <summary>Into what a row of accounts or partners was merged; null if it was not.</summary>
    internal string? AliasOf(FactTable table, string id)
    {
        if (table != FactTables.Accounts && table != FactTables.Partners)
            return null;
        return Aliases().GetValueOrDefault((table.Name, id));
    }

    Dictionary<(string Table, string Id), string> Aliases() =>
        _aliases ??= _connection
            .Query<(string Old, string New, string Table)>(HistorySql.SelectAliases, transaction: Transaction)
            .ToDictionary(alias => (alias.Table, alias.Old), alias => alias.New);

    /// <summary>The row with what merged accounts and partners are now in place of what they were.</summary>
    internal HistoryRow Renamed(HistoryRow row)
    {
        if (Aliases().Count == 0)
            return row;
        foreach (var column in row.Table.Columns)
        {
            if (column.References is not { } other)
                continue;
            while (row.Text(column) is { } id && _aliases!.TryGetValue((other, id), out var now))
                row = row.With(column.Name, now);
        }
        return row;
    }

    /// <summary>The row with the moment we learned it: now, unless the caller says an earlier or later one that fits what was seen before.</summary>
    HistoryRow Dated(HistoryRow row, StoredRow? stored, DateTime stamp)
    {
        if (
            row.Date(row.Table.RecordedAt) is { } recorded
            && (stored is null ? recorded > DeletedAt(row.Table, row.Key) : recorded > stored.Facts[0].SeenAt)
            && row.Table.Columns.All(column =>
                column.References is not { } other
                || row.Text(column) is not { } id
                || recorded > DeletedAt(FactTables.Find(other)!, id)
            )
        )
            return row;
        return row.With("recorded_at", stamp);
    }

    /// <summary>When the row of a key was last taken out, UTC: what comes again is known again later only, and so is what names it.</summary>
    DateTime DeletedAt(FactTable table, string key) =>
        _connection.QueryFirstOrDefault<DateTime>(HistorySql.SelectDeletedAt, new { table = table.Name, key }, Transaction);

    RejectedRow? Fault(HistoryRow row, HistoryRow? stored)
    {
        var table = row.Table;
        foreach (var column in table.Columns)
        {
            if (column.References is not { } other || row.Text(column) is not { } id)
                continue;
            if ((stored is null || stored.Text(column) != id) && !Knows(other, id))
                return new(table.Name, 0, column.Name, id, $"an id that {other} has");
        }
        return null;
    }

    bool Knows(string table, string key)
    {
        if (_known.Contains((table, key)))
            return true;
        var command = CommandsOf(FactTables.Find(table)!).Find;
        command.Transaction = Transaction;
        Engines.Set(command.Parameters[0], key);
        using var reader = command.ExecuteReader();
        if (!reader.Read())
            return false;
        if (_known.Count < MostKnown)
            _known.Add((table, key));
        return true;
    }

    internal StoredRow? Read(FactTable table, string key) => Read(CommandsOf(table), table, key);

    /// <summary>The row that has the key of another. A part of the key may be the key of several columns itself.</summary>
    StoredRow? Read(HistoryRow row)
    {
        var commands = CommandsOf(row.Table);
        for (var i = 0; i < row.Table.KeyLength; i++)
            Engines.Set(commands.Find.Parameters[i], row.Values[i]);
        return Found(commands, row.Table);
    }

    StoredRow? Read(Commands commands, FactTable table, string key)
    {
        SetKey(commands.Find, table, key);
        return Found(commands, table);
    }

    StoredRow? Found(Commands commands, FactTable table)
    {
        Prepared(commands);
        using var reader = commands.Find.ExecuteReader();
        if (!reader.Read())
            return null;
        return StoredRow.Read(table, reader, _names);
    }

    Commands Prepared(Commands commands)
    {
        commands.Find.Transaction = commands.Insert.Transaction = commands.Update.Transaction = Transaction;
        return commands;
    }

    static void SetKey(DbCommand command, FactTable table, string key)
    {
        var parts = table.KeyLength == 1 ? [key] : key.Split('\u001f', table.KeyLength);
        for (var i = 0; i < parts.Length; i++)
            Engines.Set(
                command.Parameters[i],
                table.Columns[i].Kind == ColumnKind.Instant ? Instants.OfText(parts[i]) : parts[i]
            );
    }

    Commands CommandsOf(FactTable table)
    {
        if (_commands.TryGetValue(table.Name, out var commands))
            return commands;
        var statements = table.Statements;
        DbCommand ByKey(string sql)
        {
            var command = _connection.CreateCommand();
            command.CommandText = sql;
            foreach (var column in table.Columns.Take(table.KeyLength))
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ("@" + column.Name, "");
                command.Parameters.Add(parameter);
            }
            return command;
        }
        return _commands[table.Name] = new(
            ByKey(statements.Find),
            RowCommand.Of(_connection, null, statements.Insert, table),
            RowCommand.Of(_connection, null, statements.Update, table),
            ByKey(statements.Delete)
        );
    }

    static DateTime Earlier(DateTime left, DateTime right) => left < right ? left : right;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var commands in _commands.Values)
        {
            commands.Find.Dispose();
            commands.Insert.Dispose();
            commands.Update.Dispose();
            commands.Delete.Dispose();
        }
    }

    sealed record Commands(DbCommand Find, DbCommand Insert, DbCommand Update, DbCommand Delete);
}

/// <summary>A row as it stands in the database.</summary>
/// <param name="Row">The row.</param>
/// <param name="Facts">What it states, with the moments at which that is seen and applied.</param>
/// <param name="IsChange">It replaced an earlier version that was seen.</param>
/// <param name="Fingerprint">A number that changes when the row does.</param>
sealed record StoredRow(HistoryRow Row, IReadOnlyList<DatedFact> Facts, bool IsChange, long Fingerprint)
{
    /// <summary>The row at which a reader of <see cref="TableStatements.Find"/>'s columns stands.</summary>
    public static StoredRow Read(FactTable table, DbDataReader reader, Dictionary<string, string[]> names)
    {
        var at = table.Columns.Count + 1;
        var row = HistoryStore.ReadRow(table, reader, names);
        var parts = table.End is null ? 1 : 2;
        var facts = new List<DatedFact>(parts);
        if (table.Kind is { } kind)
        {
            var noun = table.NounOf(row);
            for (var part = 0; part < parts; part++)
            {
                if (!reader.IsDBNull(at + part))
                    facts.Add(
                        new(Engines.Instant(reader, at + part), part == 0 ? kind : kind.End!, row.Key, noun)
                        {
                            AppliedAt = Engines.Instant(reader, at + parts + part),
                        }
                    );
            }
        }
        var last = reader.FieldCount - 1;
        return new(row, facts, Engines.Flag(reader, last - 1), reader.GetInt64(last));
    }
}
