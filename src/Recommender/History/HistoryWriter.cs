using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.History;

/// <summary>What became of a row.</summary>
public enum RowVerdict
{
    /// <summary>It is new.</summary>
    Inserted,

    /// <summary>It replaced an earlier version, which is kept.</summary>
    Updated,

    /// <summary>It was there as it is.</summary>
    Unchanged,

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

/// <summary>Takes rows in one by one on the connection of the only writer. Not safe for several threads.</summary>
public sealed class HistoryWriter : IDisposable
{
    static readonly string[] _unchangeable = ["account_id", "opportunity_id", "partner_id", "recommendation_id"];
    readonly DbConnection _connection;
    readonly Dictionary<string, Commands> _commands = [];
    readonly Dictionary<string, string[]> _names = [];
    readonly HashSet<(string Table, string Key)> _known = [];

    /// <summary>A writer on <paramref name="connection"/>, which the caller keeps open.</summary>
    public HistoryWriter(DbConnection connection) => _connection = connection;

    /// <summary>The transaction that the next rows belong to.</summary>
    public DbTransaction? Transaction { get; set; }

    /// <summary>Forgets what was seen in a transaction that was rolled back.</summary>
    public void Forget() => _known.Clear();

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(HistoryTable table, string key)
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
        var table = row.Table;
        var commands = CommandsOf(table);
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
        row = Dated(row, stored, stamp);
        var stated = row.Facts().Select(fact => fact with { AppliedAt = fact.SeenAt > stamp ? fact.SeenAt : stamp }).ToList();
        if (stored is null)
            RowCommand.Execute(commands.Insert, row, stated, attributes, fingerprint);
        else
        {
            var isChange = Supersede(stored, stamp);
            stated[0] = stated[0] with { IsChange = isChange };
            RowCommand.Execute(commands.Update, row, stated, attributes, fingerprint);
        }
        if (_known.Count < 100_000)
            _known.Add((table.Name, row.Key));
        facts.AddRange(stated);
        return new(stored is null ? RowVerdict.Inserted : RowVerdict.Updated, fingerprint, null);
    }

    /// <summary>Keeps what was seen of a row; true if anything was.</summary>
    bool Supersede(StoredRow stored, DateTime stamp)
    {
        var facts = stored.Row.Facts().ToList();
        var isChange = stored.IsChange;
        for (var i = 0; i < facts.Count && i < stored.AppliedAt.Count; i++)
        {
            // What lies in the future was never seen: the new version takes its place.
            if (stored.AppliedAt[i] >= stamp)
                continue;
            isChange |= i == 0;
            _connection.Execute(
                HistorySql.Supersede,
                new
                {
                    table = stored.Row.Table.Name,
                    isEnd = i,
                    key = stored.Row.Key,
                    appliedAt = stored.AppliedAt[i],
                    seenAt = facts[i].SeenAt,
                    isChange = stored.IsChange,
                    values = stored.Row.WriteValues(),
                    attributes = stored.Attributes,
                },
                Transaction
            );
        }
        return isChange;
    }

    /// <summary>The row with the moment we learned it: now, unless the caller says an earlier or later one that fits what was seen before.</summary>
    static HistoryRow Dated(HistoryRow row, StoredRow? stored, DateTime stamp)
    {
        if (row.Values[^1] is DateTime && (stored is null || row.Facts().First().SeenAt > stored.Row.Facts().First().SeenAt))
            return row;
        var values = (object?[])row.Values.Clone();
        values[^1] = stamp;
        return row with { Values = values };
    }

    RejectedRow? Fault(HistoryRow row, HistoryRow? stored)
    {
        var table = row.Table;
        for (var i = 0; i < table.Columns.Count; i++)
        {
            var column = table.Columns[i];
            if (column.References is not { } other)
                continue;
            var id = (string?)row.Values[i];
            if (stored is not null && _unchangeable.Contains(column.Name) && (string?)stored.Values[i] != id)
                return new(table.Name, 0, column.Name, id ?? "", $"'{stored.Values[i]}' as in the history: it cannot change");
            if (id is not null && stored is null && !Knows(other, id))
                return new(table.Name, 0, column.Name, id, $"an id that {other} has");
        }
        return null;
    }

    bool Knows(string table, string key)
    {
        if (_known.Contains((table, key)))
            return true;
        var other = HistoryContract.Tables.Single(known => known.Name == table);
        var command = CommandsOf(other).Find;
        command.Transaction = Transaction;
        Engines.Set(command.Parameters[0], key);
        using var reader = command.ExecuteReader();
        if (!reader.Read())
            return false;
        if (_known.Count < 100_000)
            _known.Add((table, key));
        return true;
    }

    StoredRow? Read(Commands commands, HistoryTable table, string key)
    {
        commands.Find.Transaction = commands.Insert.Transaction = commands.Update.Transaction = Transaction;
        var parts = table.KeyLength == 1 ? [key] : key.Split('\u001f');
        for (var i = 0; i < parts.Length; i++)
            Engines.Set(
                commands.Find.Parameters[i],
                table.Columns[i].Kind == ColumnKind.Instant ? Instants.OfText(parts[i]) : parts[i]
            );
        using var reader = commands.Find.ExecuteReader();
        if (!reader.Read())
            return null;
        return StoredRow.Read(table, reader, _names);
    }

    Commands CommandsOf(HistoryTable table)
    {
        if (_commands.TryGetValue(table.Name, out var commands))
            return commands;
        var statements = HistorySql.All.Single(statements => statements.Table == table);
        var find = _connection.CreateCommand();
        find.CommandText = statements.Find;
        foreach (var column in table.Columns.Take(table.KeyLength))
        {
            var parameter = find.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@" + column.Name, "");
            find.Parameters.Add(parameter);
        }
        return _commands[table.Name] = new(
            find,
            RowCommand.Of(_connection, null, statements.Insert, table),
            RowCommand.Of(_connection, null, statements.Update, table)
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var commands in _commands.Values)
        {
            commands.Find.Dispose();
            commands.Insert.Dispose();
            commands.Update.Dispose();
        }
    }

    sealed record Commands(DbCommand Find, DbCommand Insert, DbCommand Update);
}

/// <summary>A row as it stands in the database.</summary>
/// <param name="Row">The row.</param>
/// <param name="Attributes">Its attributes as JSON; null if none.</param>
/// <param name="AppliedAt">When each of its facts is applied, UTC.</param>
/// <param name="IsChange">It replaced an earlier version that was seen.</param>
/// <param name="Fingerprint">A number that changes when the row does.</param>
sealed record StoredRow(HistoryRow Row, string? Attributes, IReadOnlyList<DateTime> AppliedAt, bool IsChange, long Fingerprint)
{
    /// <summary>The row at which a reader of <see cref="TableStatements.Find"/>'s columns stands.</summary>
    public static StoredRow Read(HistoryTable table, DbDataReader reader, Dictionary<string, string[]> names)
    {
        var attributes = table.Columns.Count;
        var applied = attributes + (RowCommand.EndOf(table) is null ? 2 : 3);
        var last = reader.FieldCount - 1;
        return new(
            HistoryStore.ReadRow(table, reader, names),
            reader.IsDBNull(attributes) ? null : reader.GetString(attributes),
            [
                .. Enumerable
                    .Range(applied, last - 1 - applied)
                    .Where(at => !reader.IsDBNull(at))
                    .Select(at => Engines.Instant(reader, at)),
            ],
            Engines.Flag(reader, last - 1),
            reader.GetInt64(last)
        );
    }

    /// <summary>What it states, with the moments at which that is applied.</summary>
    public IEnumerable<DatedFact> Facts() =>
        Row.Facts()
            .Zip(AppliedAt, (fact, at) => fact with { AppliedAt = at })
            .Select((fact, i) => i == 0 ? fact with { IsChange = IsChange } : fact);
}
