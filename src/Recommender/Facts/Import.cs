using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>
/// Takes a folder into a database within one transaction. A row that is there with other values was learned now: what it said until now
/// stays what was known until then.
/// </summary>
sealed class Import : IDisposable
{
    static readonly TimeSpan _mostAhead = TimeSpan.FromHours(1);
    readonly HistoryStore _store;
    readonly DbConnection _connection;
    readonly DbTransaction _transaction;
    readonly HistoryFolder _folder;
    readonly HistoryWriter _writer;
    readonly NamedUntil _namedUntil;
    readonly KnownKeys _keys = new();
    readonly List<TableImport> _counts = [];
    readonly List<(StoredRow Stored, Succession Next)> _moved = [];
    readonly Dictionary<(string Table, string Key), List<(string Column, object? Value, DateTime At)>> _changes = [];
    readonly List<DatedFact> _unused = [];
    readonly Dictionary<string, string[]> _names = [];
    readonly HashSet<(string Table, string Key)> _gone = [];
    readonly Dictionary<(string Table, string Key), DateTime> _deletedAt = [];
    readonly HashSet<(string Table, string Key)> _corrected = [];
    readonly HashSet<(string Table, string Key)> _knownBefore = [];
    readonly WarningCounts _warnings = new();
    readonly Twins _twins = new();
    long _withoutEnd;
    readonly Dictionary<FactTable, long> _rejected = [];
    double _done;

    public Import(HistoryStore store, DbConnection connection, DbTransaction transaction, HistoryFolder folder)
    {
        (_store, _connection, _transaction, _folder) = (store, connection, transaction, folder);
        _namedUntil = new(connection, transaction);
        _writer = new(connection) { Transaction = transaction, KnownUntil = At };
    }

    /// <summary>When it was done, UTC.</summary>
    public DateTime At { get; } = Instants.ToMillisecond(TimeProvider.System.GetUtcNow().UtcDateTime);

    public List<RejectedRow> Rejected { get; } = [];

    /// <summary>True if anything is other than before.</summary>
    public bool HasChanged => _counts.Exists(count => count.Inserted + count.Updated > 0);

    public ImportSummary Run(Action<string, double>? progress)
    {
        ReadChanges(progress);
        foreach (var (id, at) in _writer.Erased.All)
            _keys.Erase(id, at);
        foreach (
            var (oldId, newId, table) in _connection.Query<(string, string, string)>(
                HistorySql.SelectAliases,
                transaction: _transaction
            )
        )
            _keys.Rename(table, oldId, newId, isDone: true);
        var aliases = Rows(FactTables.Aliases, progress).ToList();
        foreach (var (_, row) in aliases)
        {
            var alias = FactTables.Aliases.Read(row);
            foreach (var table in alias.Table is { } one ? [one] : (string[])["accounts", "partners"])
                _keys.Rename(table, alias.OldId, alias.NewId, _keys.IsMerged(table, alias.OldId));
        }
        var deletions = Rows(FactTables.Deletions, progress).ToList();
        foreach (var (_, row) in aliases)
            _corrected.UnionWith([("accounts", (string)row["old_id"]!), ("partners", (string)row["old_id"]!)]);
        foreach (var (_, row) in deletions)
        {
            if (Deletions.Target(FactTables.Deletions.Read(row), out var table, out var key) is null)
                _corrected.Add((table!.Name, key!));
        }
        foreach (var one in _corrected.Where(one => _writer.Rows.Read(FactTables.Find(one.Table)!, one.Key) is not null))
            _knownBefore.Add(one);
        foreach (var table in _folder.Tables.Where(table => !table.IsAboutRows))
            Take(table, progress);
        foreach (var (stored, next) in _moved)
            _writer.Ahead.Follow(stored, next, At, _unused);
        Count(FactTables.Aliases, aliases, TakeBy);
        Count(
            FactTables.Deletions,
            [
                .. deletions.OrderByDescending(one =>
                    FactTables.All.TakeWhile(table => table.Name != (string?)one.Row["table"]).Count()
                ),
            ],
            TakeBy
        );
        return new(
            [.. _counts.OrderBy(count => FactTables.All.TakeWhile(table => table.File != count.File).Count())],
            _withoutEnd,
            _folder.Readings,
            _warnings.All
        );
    }

    IEnumerable<((string File, long Line) At, HistoryRow Row)> Rows(FactTable table, Action<string, double>? progress)
    {
        if (!_folder.Tables.Contains(table))
            yield break;
        var (length, total) = (_folder.LengthOf(table), Math.Max(1, _folder.Length));
        foreach (
            var row in _folder.Read(
                table,
                _keys,
                Reject,
                at => progress?.Invoke(table.File, (_done + Math.Min(at, length)) / total)
            )
        )
            yield return (_folder.At, row);
        _done += length;

        void Reject(RejectedRow row)
        {
            Rejected.Add(row);
            _rejected[table] = _rejected.GetValueOrDefault(table) + 1;
        }
    }

    /// <summary>Reads what single columns held before anything else, so that rows come with their versions.</summary>
    void ReadChanges(Action<string, double>? progress)
    {
        if (!_folder.Tables.Contains(FactTables.FieldChanges))
            return;
        var rejectedBefore = Rejected.Count;
        long taken = 0;
        foreach (var (at, row) in Rows(FactTables.FieldChanges, progress))
        {
            var change = FactTables.FieldChanges.Read(row);
            if (FieldChangeFault.Of(change, At, out var of, out var value) is { } fault)
            {
                Rejected.Add(fault with { File = at.File, Line = at.Line });
                continue;
            }
            taken++;
            var known = (of!.Name, Deletions.KeyOf(of, change.Key)!);
            if (!_changes.TryGetValue(known, out var changes))
                _changes.Add(known, changes = []);
            changes.Add((change.Column, value, change.At));
        }
        foreach (var changes in _changes.Values)
            changes.Sort((x, y) => x.At.CompareTo(y.At));
        _counts.Add(new(FactTables.FieldChanges.File, 0, 0, taken, Rejected.Count - rejectedBefore));
    }

    void Take(FactTable table, Action<string, double>? progress)
    {
        using var sink = _store.OpenSink(_connection, _transaction, table);
        var known = RowReader.Fingerprints(_connection, _transaction, table);
        var deleted = _connection
            .Query<(string Key, long Fingerprint)>(HistorySql.SelectDeleted, new { table = table.Name }, _transaction)
            .ToLookup(one => one.Key, one => one.Fingerprint);
        foreach (
            var (key, at) in _connection.Query<(string, DateTime)>(
                HistorySql.SelectAllDeletedAt,
                new { table = table.Name },
                _transaction
            )
        )
            _deletedAt[(table.Name, key)] = at;
        _keys.Of(table.Name)?.UnionWith(known.Keys);
        long inserted = 0,
            updated = 0,
            unchanged = 0,
            rejectedBefore = Rejected.Count;
        foreach (var (at, row) in Rows(table, progress))
        {
            var fingerprint = row.Fingerprint(out _);
            var twin = _keys.IsOfMerge(table.Name, row.Key) ? null : _twins.Of(row);
            var key = row.Key;
            if (IsOfMerge(row))
                _writer.Merges.Given[(table.Name, key)] = (at, row);
            if (table == FactTables.Opportunities && row["outcome"] is "won" or "lost" && row["closed_at"] is null)
                _withoutEnd++;
            var isThere = known.TryGetValue(key, out var before);
            var changes = _changes.GetValueOrDefault((table.Name, key));
            if (
                isThere && before == fingerprint && (changes is null || AreKnown(changes, row))
                || !isThere && (deleted[key].Contains(fingerprint) || _keys.IsMerged(table.Name, key))
            )
            {
                unchanged++;
                if (!isThere)
                    _gone.Add((table.Name, key));
            }
            else if (Gone(row) is { } column)
                Rejected.Add(new(at.File, at.Line, column.Name, row.Text(column)!, $"an id that {column.References} has"));
            else
            {
                // A row that was deleted and comes again is known again from now on, and so is what names it.
                var isAgain = !isThere && deleted.Contains(key) || NamesAgain(row);
                Take(
                    sink,
                    isAgain ? row.With("recorded_at", At) : row,
                    isThere ? _writer.Rows.Read(table, key) : null,
                    isAgain ? null : changes,
                    fingerprint
                );
                var warnings = DateMeaning.Warnings(row, At);
                _warnings.Add(row, at.Line, twin is null ? warnings : warnings.Append(twin));
                if (isThere)
                    updated++;
                else
                    inserted++;
            }
        }
        sink.Finish();
        unchanged += _folder.Merged;
        _counts.Add(new(table.File, inserted, updated, unchanged, Rejected.Count - rejectedBefore));
    }

    /// <summary>True if a column names what is to be merged.</summary>
    bool IsOfMerge(HistoryRow row) =>
        _keys.HasMerges
        && row.Table.Columns.Any(column =>
            column.References is { } other && row.Text(column) is { } id && _keys.IsOfMerge(other, id)
        );

    /// <summary>True if the row names one that was taken out after this was known: it means the one that came again.</summary>
    bool NamesAgain(HistoryRow row)
    {
        if (_deletedAt.Count == 0)
            return false;
        var seenAt = row.Facts()[0].SeenAt;
        return row.Table.Columns.Any(column =>
            column.References is { } other
            && row.Text(column) is { } id
            && _deletedAt.TryGetValue((other, id), out var at)
            && at >= seenAt
        );
    }

    /// <summary>The column that names a row which the folder still holds and which was deleted before; null if none does.</summary>
    FactColumn? Gone(HistoryRow row) =>
        _gone.Count == 0
            ? null
            : row.Table.Columns.FirstOrDefault(column =>
                column.References is { } other && row.Text(column) is { } id && _gone.Contains((other, id))
            );

    void Take(
        RowSink sink,
        HistoryRow row,
        StoredRow? stored,
        List<(string Column, object? Value, DateTime At)>? changes,
        long fingerprint
    )
    {
        if (changes is not null && VersionsOf(row, stored) is { } known)
        {
            // What its columns held when is known: its earlier versions are made anew.
            _connection.Execute(HistorySql.ForgetSuperseded, new { table = row.Table.Name, key = row.Key }, _transaction);
            var versions = FactVersions.Of(row, known, changes, At);
            foreach (var (version, part, fact, isChange, end) in Held(versions))
                _writer.Keep(version, part, fact, isChange, end, end);
            var last = versions[^1];
            sink.Take(
                last.From is { } since ? last.Row.With("recorded_at", since) : last.Row,
                last.Row.Facts(last.From, At),
                fingerprint,
                isNew: stored is null,
                isChange: versions.Count > 1
            );
            return;
        }
        if (stored is null)
        {
            sink.Take(row, row.Facts(takenIn: At), fingerprint, isNew: true, isChange: false);
            return;
        }
        // A service may have been a little ahead of this clock; what lies ahead by more was dated so by mistake.
        var appliedAt = stored.Facts[0].AppliedAt;
        var stamp = appliedAt >= At && appliedAt - At < _mostAhead ? appliedAt.AddMilliseconds(1) : At;
        var learned = Succession.IsLearnedLater(row, stored) ? row : row.With("recorded_at", stamp);
        var next = Succession.Of(learned, stored, stamp, isTold: false);
        _writer.Keep(stored, next);
        if (DealsAhead.AreMoved(stored, next))
            _moved.Add((stored, next));
        sink.Take(next.Row, next.Stated, fingerprint, isNew: false, next.IsChange);
    }

    /// <summary>The versions of a row until now, the newest last; null if there is a time between them in which it was not there.</summary>
    List<(DateTime? From, HistoryRow Row)>? VersionsOf(HistoryRow row, StoredRow? stored)
    {
        if (stored is null)
            return [];
        var versions = new List<(DateTime? From, HistoryRow Row)>();
        DateTime? end = null;
        foreach (var (values, attributes, from, until) in Superseded(row))
        {
            if (end is not null && from != end)
                return null;
            versions.Add(
                (
                    end,
                    new(
                        row.Table,
                        HistoryRow.ReadValues(row.Table, values),
                        attributes is null ? Attributes.None : RowReader.ReadAttributes(attributes, _names)
                    )
                )
            );
            end = until;
        }
        if (end is not null && stored.Facts[0].SeenAt != end)
            return null;
        versions.Add((end, stored.Row));
        return versions;
    }

    /// <summary>True if the versions of the row that the changes make are there, or cannot be made.</summary>
    bool AreKnown(List<(string Column, object? Value, DateTime At)> changes, HistoryRow row)
    {
        if (VersionsOf(row, _writer.Rows.Read(row.Table, row.Key)) is not { } known)
            return true;
        var until = Superseded(row).Select(version => version.Until).ToHashSet();
        return Held(FactVersions.Of(row, known, changes, At)).All(held => held.Part > 0 || until.Contains(held.Until));
    }

    /// <summary>What versions before the last stated for some time, and until when.</summary>
    IEnumerable<(HistoryRow Row, int Part, DatedFact Fact, bool IsChange, DateTime Until)> Held(
        List<(DateTime? From, HistoryRow Row)> versions
    )
    {
        for (var v = 0; v + 1 < versions.Count; v++)
        {
            var until = versions[v + 1].From!.Value;
            var facts = versions[v].Row.Facts(versions[v].From, At);
            for (var part = 0; part < facts.Count; part++)
            {
                if (facts[part].AppliedAt < until)
                    yield return (versions[v].Row, part, facts[part], v > 0, until);
            }
        }
    }

    IEnumerable<(string Values, string? Attributes, DateTime From, DateTime Until)> Superseded(HistoryRow row) =>
        _connection.Query<(string, string?, DateTime, DateTime)>(
            HistorySql.SelectVersionsOf,
            new { table = row.Table.Name, key = row.Key },
            _transaction
        );

    void Count(FactTable table, List<((string File, long Line) At, HistoryRow Row)> rows, Func<HistoryRow, RowResult> take)
    {
        if (!_folder.Tables.Contains(table))
            return;
        long done = 0,
            unchanged = 0;
        foreach (var (at, row) in rows)
        {
            var result = take(row);
            switch (result.Verdict)
            {
                case RowVerdict.Unchanged:
                    unchanged++;
                    break;
                case RowVerdict.Rejected:
                    Rejected.Add(result.Reason! with { File = at.File, Line = at.Line });
                    _rejected[table] = _rejected.GetValueOrDefault(table) + 1;
                    break;
                default:
                    done++;
                    _warnings.Add(row, at.Line, DateMeaning.Warnings(row, At));
                    break;
            }
        }
        _counts.Add(new(table.File, done, 0, unchanged, _rejected.GetValueOrDefault(table)));
    }

    public void Dispose() => _writer.Dispose();

    RowResult TakeBy(HistoryRow row) => _writer.Upsert(row, Moment(row), default, _unused);

    /// <summary>
    /// When a merge or deletion is known from: its date, or later if it was recorded later. Of what was known before, it was learned now;
    /// a deal is not gone while something else still named it.
    /// </summary>
    DateTime Moment(HistoryRow row)
    {
        var at = HistoryRow.Later((DateTime)row["at"]!, row.Date(row.Table.RecordedAt) ?? DateTime.MinValue);
        if (row.Table == FactTables.Aliases)
        {
            var alias = FactTables.Aliases.Read(row);
            return at > At || WasKnown("accounts", alias.OldId) || WasKnown("partners", alias.OldId) ? At : at;
        }
        if (Deletions.Target(FactTables.Deletions.Read(row), out var table, out var key) is not null)
            return at;
        if (at > At || WasKnown(table!.Name, key!))
            return At;
        return table == FactTables.Opportunities ? HistoryRow.Later(at, _namedUntil.Of(key!)) : at;

        bool WasKnown(string name, string id) => _knownBefore.Contains((name, id));
    }
}
