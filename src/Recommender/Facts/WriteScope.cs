using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What a write may do while it runs: the only writer's connection, inside a transaction that others may share.</summary>
public sealed class WriteScope
{
    const int FactsOfOneMoment = 500;
    readonly HistoryWriter _writer;
    readonly HashSet<(string, string)> _written = [];
    readonly List<(DateTime Stamp, int Start)> _moments = [];

    internal WriteScope(
        DbConnection connection,
        DbTransaction transaction,
        HistoryWriter writer,
        PreparedStatements statements,
        DateTime stamp
    )
    {
        (Connection, Transaction, _writer, Statements, Stamp) = (connection, transaction, writer, statements, stamp);
        _moments.Add((stamp, 0));
    }

    /// <summary>The writer's connection.</summary>
    public DbConnection Connection { get; }

    /// <summary>The transaction; do not end it.</summary>
    public DbTransaction Transaction { get; }

    /// <summary>Statements that run often.</summary>
    public PreparedStatements Statements { get; }

    /// <summary>The moment of this write, UTC.</summary>
    public DateTime Stamp { get; private set; }

    internal List<DatedFact> Facts { get; } = [];

    /// <summary>The facts of the write that runs now, beside those of others in the same transaction.</summary>
    public IEnumerable<DatedFact> FactsOfThisWrite => Facts.Skip(FirstFact);

    /// <summary>How many facts other writes of the transaction had before this one.</summary>
    internal int FirstFact { get; set; }

    /// <summary>True if something was removed from what was known before.</summary>
    internal bool HasErased { get; private set; }

    /// <summary>The facts by the moments at which they were written.</summary>
    internal List<(DateTime Stamp, IReadOnlyList<DatedFact> Facts)> Written() =>
        [
            .. _moments.Select(
                (moment, m) =>
                    (
                        moment.Stamp,
                        (IReadOnlyList<DatedFact>)
                            Facts[moment.Start..(m + 1 < _moments.Count ? _moments[m + 1].Start : Facts.Count)]
                    )
            ),
        ];

    /// <summary>Forgets the facts after the first <paramref name="count"/>, and that something was erased unless it was before.</summary>
    internal void Undo(int count, bool hadErased)
    {
        HasErased = hadErased;
        Facts.RemoveRange(count, Facts.Count - count);
        for (var m = 0; m < _moments.Count; m++)
            _moments[m] = (_moments[m].Stamp, Math.Min(_moments[m].Start, count));
    }

    /// <summary>The row under a key, with its fingerprint; null if there is none.</summary>
    public (HistoryRow Row, long Fingerprint)? Find(FactTable table, string key) => _writer.Find(table, key);

    /// <summary>Ids of the accounts or partners that have an external id; if none has, of those into which one that had it was merged.</summary>
    public IReadOnlyList<string> HavingExternalId(FactTable table, string externalId) =>
        _writer.HavingExternalId(table, externalId);

    /// <summary>Is told of many rows that are about to be taken in: they are read and written as sets, where that is less work.</summary>
    public void Expect(IEnumerable<HistoryRow> rows) => _writer.Expect(rows);

    /// <summary>Takes a row in, if it can be taken; of deletions and aliases, does what it says.</summary>
    public RowResult Upsert(HistoryRow row, RowExpectation expected = default)
    {
        var key = KeyOf(row);
        // A row is written once in a moment; what changes others, too, has a moment of its own.
        var isOfMany = row.Table == FactTables.Aliases || LiesAhead(row) || TakesOthersAlong(row);
        if (isOfMany || _written.Contains(key) || Facts.Count - _moments[^1].Start >= FactsOfOneMoment)
            NextMoment();
        var result = _writer.Upsert(row, Stamp, expected, Facts);
        if (isOfMany || _writer.HasMovedOthers)
            NextMoment();
        else if (result.Verdict is RowVerdict.Inserted or RowVerdict.Updated or RowVerdict.Deleted)
            _written.Add(key);
        return result;
    }

    /// <summary>The row that is written, as naming what merged ones are now; that which is taken out, if a deletion says so.</summary>
    (string, string) KeyOf(HistoryRow row) =>
        row.Table == FactTables.Deletions && Deletions.Target(FactTables.Deletions.Read(row), out var table, out var key) is null
            ? (table!.Name, key!)
            : (row.Table.Name, _writer.Merged.Renamed(row).Key);

    /// <summary>True if it is a deal of a later date: what names it is not known before.</summary>
    bool LiesAhead(HistoryRow row) => row.Table == FactTables.Opportunities && row["created_at"] is DateTime at && at > Stamp;

    /// <summary>True if it takes a row out with which rows of other tables may go.</summary>
    static bool TakesOthersAlong(HistoryRow row) =>
        row.Table == FactTables.Deletions
        && row["table"] is string of
        && FactTables.OfFacts.Any(table => table.GoesWith.Contains(of));

    /// <summary>What is to be said of a row that was taken in: of its dates, and of what contradicts or doubles it.</summary>
    public IEnumerable<RowWarning> WarningsOf(HistoryRow row) =>
        Twins.Of(row, _writer) is { } twin ? DateMeaning.Warnings(row, Stamp).Append(twin) : DateMeaning.Warnings(row, Stamp);

    /// <summary>What became of a row that is not there: into what it was merged in the end, or when it was deleted, UTC; neither if it never was.</summary>
    public (string? Into, DateTime? DeletedAt) WhatBecameOf(FactTable table, string key) => _writer.WhatBecameOf(table, key);

    /// <summary>Into what a row of accounts or partners was merged; null if it was not.</summary>
    public string? MergedInto(FactTable table, string id) => _writer.Merged.Of(table, id);

    /// <summary>Removes an account and everything that names it, from what was known before too.</summary>
    /// <returns>What went; null if no account of that id ever was.</returns>
    public ErasedAccount? Erase(string accountId)
    {
        NextMoment();
        var erased = _writer.Erase(accountId, Stamp, Facts);
        NextMoment();
        HasErased |= erased is { IsNew: true };
        return erased;
    }

    void NextMoment()
    {
        if (Facts.Count == _moments[^1].Start && _written.Count == 0)
            return;
        Stamp = Stamp.AddMilliseconds(1);
        _moments.Add((Stamp, Facts.Count));
        _written.Clear();
    }
}
