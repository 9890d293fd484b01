using System.Data.Common;
using Dapper;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Takes rows in one by one on the connection of the only writer, and out. Not safe for several threads.</summary>
public sealed class HistoryWriter : IDisposable
{
    const int MostKnown = 100_000;
    readonly DbConnection _connection;
    readonly HashSet<(string Table, string Key)> _known = [];
    readonly Deletions _deletions;

    /// <summary>A writer on <paramref name="connection"/>, which the caller keeps open.</summary>
    public HistoryWriter(DbConnection connection)
    {
        (_connection, Rows, Merged, Erased) = (connection, new(connection), new(connection), new(connection));
        (_deletions, Merges, Ahead) = (new(this, connection), new(this), new(this));
    }

    /// <summary>The transaction that the next rows belong to.</summary>
    public DbTransaction? Transaction
    {
        get;
        set
        {
            field = Rows.Transaction = Merged.Transaction = Erased.Transaction = value;
            ForgetOthers();
        }
    }

    /// <summary>
    /// The end of the time in which rows were known, UTC, where corrections may be dated before that: a version that began meanwhile is
    /// corrected after it began. <see cref="DateTime.MinValue"/> where corrections are dated after all that was known.
    /// </summary>
    internal DateTime KnownUntil { get; init; } = DateTime.MinValue;

    /// <summary>The rows as they stand.</summary>
    internal RowStatements Rows { get; }

    /// <summary>Into what accounts and partners were merged.</summary>
    internal MergedIds Merged { get; }

    /// <summary>Has accounts and partners be others.</summary>
    internal Merges Merges { get; }

    /// <summary>Which accounts were forgotten.</summary>
    internal ErasedAccounts Erased { get; }

    /// <summary>Deals that lie ahead.</summary>
    internal DealsAhead Ahead { get; }

    /// <summary>True if the last row that was taken in changed others beside itself.</summary>
    internal bool HasMovedOthers { get; private set; }

    /// <summary>Has everything stand in the database that was taken in so far.</summary>
    public void Finish() => Rows.Finish();

    /// <summary>Forgets what was seen in a transaction that was rolled back.</summary>
    public void Forget()
    {
        _known.Clear();
        Rows.Forget();
        ForgetOthers();
    }

    /// <summary>Others may have merged, deleted or erased something since.</summary>
    void ForgetOthers()
    {
        Merged.Forget();
        Erased.Forget();
        _deletions.Forget();
    }

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(FactTable table, string key) =>
        Rows.Read(table, key) is { } stored ? (stored.Row, stored.Fingerprint) : null;

    /// <summary>What became of a row that is not there: into what it was merged in the end, or when it was deleted, UTC; neither if it never was.</summary>
    internal (string? Into, DateTime? DeletedAt) WhatBecameOf(FactTable table, string key) =>
        Merged.Of(table, key) is not null ? (Merged.Last(table, key), null)
        : _deletions.LastOf(table, key) is var at && at != default ? (null, at)
        : default;

    /// <summary>Ids of the accounts or partners that have an external id; if none has, of those into which one that had it was merged.</summary>
    internal IReadOnlyList<string> HavingExternalId(FactTable table, string externalId)
    {
        var having = Rows.HavingExternalId(table, externalId);
        return having.Count > 0
            ? [.. having]
            :
            [
                .. _connection
                    .Query<string>(HistorySql.MergedByExternalId, new { table = table.Name, externalId }, Transaction)
                    .Select(old => Merged.Last(table, old))
                    .Where(id => Rows.Has(table, id))
                    .Distinct(),
            ];
    }

    /// <summary>Is told of many rows that are about to be taken in.</summary>
    internal void Expect(IEnumerable<HistoryRow> coming) => Rows.Expect([.. coming.Select(Merged.Renamed)]);

    /// <summary>Takes a row in, if it can be taken.</summary>
    /// <param name="row">As the caller gave it. Without recorded_at it is recorded now.</param>
    /// <param name="stamp">Now, UTC: later than everything that was taken in before.</param>
    /// <param name="expected">What the caller expects to be there.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    public RowResult Upsert(HistoryRow row, DateTime stamp, RowExpectation expected, List<DatedFact> facts)
    {
        HasMovedOthers = false;
        if (row.Table == FactTables.Deletions)
            return _deletions.Take(row, stamp, facts);
        if (row.Table == FactTables.Aliases)
            return Merges.Take(row, stamp, facts);
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
        row = Merged.Renamed(row);
        if (Merged.Of(table, row.Key) is { } merged)
            return new(
                RowVerdict.Rejected,
                0,
                new(table.Name, 0, table.Columns[0].Name, row.Key, $"'{merged}', into which it was merged")
            );
        var stored = Rows.Read(table, row.Key);
        if (
            expected.Absent && stored is not null
            || expected.Present && stored is null
            || expected.Fingerprint is { } version && version != stored?.Fingerprint
        )
            return new(RowVerdict.NotAsExpected, stored?.Fingerprint ?? 0, null);
        var fingerprint = row.Fingerprint(out var attributes);
        if (stored?.Fingerprint == fingerprint)
            return new(RowVerdict.Unchanged, fingerprint, null);
        if (stored is null && Erased.Fault(table.Name, row.Key) is { } erased)
        {
            if (!expected.EvenIfErased)
                return new(RowVerdict.Rejected, 0, new(table.Name, 0, table.Columns[0].Name, row.Key, erased));
            Erased.Remove(row.Key);
        }
        if (Fault(row, stored?.Row) is { } fault)
            return new(RowVerdict.Rejected, stored?.Fingerprint ?? 0, fault);
        Put(row, stored, stamp, attributes, fingerprint, facts);
        return new(stored is null ? RowVerdict.Inserted : RowVerdict.Updated, fingerprint, null);
    }

    /// <summary>Has a row stand where another stood, or none.</summary>
    /// <param name="row">The row.</param>
    /// <param name="stored">What stands there; null if nothing does.</param>
    /// <param name="stamp">Now, UTC.</param>
    /// <param name="attributes">Its attributes as JSON; null if there are none.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    /// <param name="notBefore">When it is seen at the earliest, UTC, because it names what is not there before; null if it does not.</param>
    internal void Put(
        HistoryRow row,
        StoredRow? stored,
        DateTime stamp,
        string? attributes,
        long fingerprint,
        List<DatedFact> facts,
        DateTime? notBefore = null
    )
    {
        var next = Succession.Of(Dated(row, stored, stamp), stored, stamp, isTold: true, notBefore);
        Rows.Put(stored is null, next.Row, RowMoments.Of(next.Stated), next.IsChange, attributes, fingerprint, stamp);
        if (stored is not null)
            Supersede(stored, next, facts);
        facts.AddRange(next.Stated);
        if (_known.Count < MostKnown)
            _known.Add((row.Table.Name, row.Key));
        if (!DealsAhead.AreMoved(stored, next))
            return;
        HasMovedOthers = true;
        Ahead.Follow(stored!, next, stamp, facts);
    }

    /// <summary>
    /// Keeps what was seen of a row until it was replaced. What the new version says in its place is told so; the rest is taken back.
    /// </summary>
    void Supersede(StoredRow stored, in Succession next, List<DatedFact> facts)
    {
        Keep(stored, next);
        foreach (var fact in stored.Facts)
        {
            if (!next.Ends(fact))
                continue;
            var (kind, until) = (fact.Kind, next.Until);
            var now = next.Stated.FindIndex(one => one.Kind == kind && one.AppliedAt == until);
            if (now >= 0)
                next.Stated[now] = next.Stated[now] with { Replaced = fact.Noun };
            else
                facts.Add(fact with { SeenAt = next.UntilSeen, AppliedAt = until, IsRetraction = true });
        }
    }

    /// <summary>Keeps what was seen of a row until it was replaced.</summary>
    internal void Keep(StoredRow stored, in Succession next)
    {
        for (var part = 0; part < stored.Facts.Count; part++)
        {
            if (next.Ends(stored.Facts[part]))
                Keep(stored.Row, part, stored.Facts[part], stored.IsChange, next.UntilSeen, next.Until);
        }
    }

    /// <summary>Keeps a fact that a row stated, and until when.</summary>
    internal void Keep(HistoryRow row, int part, in DatedFact fact, bool isChange, DateTime untilSeen, DateTime until) =>
        Rows.Keep(
            new(
                row.Table.Name,
                part > 0,
                row.Key,
                fact.AppliedAt,
                fact.SeenAt,
                isChange,
                row.WriteValues(),
                row.AttributesAsJson(),
                until,
                untilSeen
            )
        );

    /// <summary>Takes a row out; null if there is none. What other rows say of it must be gone before.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its key.</param>
    /// <param name="stamp">When it is gone from, UTC.</param>
    /// <param name="facts">Given the facts that a live fold has to take in.</param>
    /// <returns>Its fingerprint.</returns>
    internal long? Delete(FactTable table, string key, DateTime stamp, List<DatedFact> facts)
    {
        if (Rows.Read(table, key) is not { } stored)
            return null;
        for (var part = 0; part < stored.Facts.Count; part++)
        {
            var fact = stored.Facts[part];
            // What lies in the future never held; that it is gone, replicas learn from here.
            var held = fact.AppliedAt < stamp ? fact : fact with { SeenAt = stamp, AppliedAt = stamp };
            Keep(stored.Row, part, held, stored.IsChange, stamp, stamp);
            facts.Add(fact with { SeenAt = stamp, AppliedAt = stamp, IsRetraction = true });
        }
        Rows.Delete(table, key);
        _known.Remove((table.Name, key));
        return stored.Fingerprint;
    }

    /// <summary>Forgets an account and everything that names it, with all earlier versions; null if none of that id ever was.</summary>
    internal ErasedAccount? Erase(string accountId, DateTime stamp, List<DatedFact> facts)
    {
        Rows.Finish();
        return new AccountErasure(this, _connection, stamp, facts).Erase(accountId);
    }

    /// <summary>The row with the moment we learned it: now, unless the caller says an earlier or later one that fits what was seen before.</summary>
    HistoryRow Dated(HistoryRow row, StoredRow? stored, DateTime stamp)
    {
        if (
            row.Date(row.Table.RecordedAt) is { } recorded
            && (stored is null ? recorded > _deletions.LastOf(row.Table, row.Key) : Succession.IsLearnedLater(row, stored))
            && row.Table.Columns.All(column =>
                column.References is not { } other
                || row.Text(column) is not { } id
                || recorded > _deletions.LastOf(FactTables.Find(other)!, id)
            )
        )
            return row;
        return row.With("recorded_at", stamp);
    }

    RejectedRow? Fault(HistoryRow row, HistoryRow? stored)
    {
        var table = row.Table;
        foreach (var column in table.Columns)
        {
            if (column.References is not { } other || row.Text(column) is not { } id)
                continue;
            if ((stored is null || stored.Text(column) != id) && !Knows(FactTables.Find(other)!, id))
                return new(table.Name, 0, column.Name, id, Erased.Fault(other, id) ?? $"an id that {other} has");
        }
        return null;
    }

    /// <summary>True if there is a row of that key.</summary>
    internal bool Knows(FactTable table, string key)
    {
        if (_known.Contains((table.Name, key)))
            return true;
        if (!Rows.Has(table, key))
            return false;
        if (_known.Count < MostKnown)
            _known.Add((table.Name, key));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Rows.Dispose();
}
