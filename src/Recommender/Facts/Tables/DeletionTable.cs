using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Rows that are gone from a moment on. The key of a table with several key columns is their values, separated by |.</summary>
public sealed class DeletionTable : FactTable<Deletion>
{
    readonly FactColumn _table,
        _key,
        _at,
        _reason;

    /// <summary>Declares the table.</summary>
    public DeletionTable()
        : base("deletions", null)
    {
        IsAboutRows = true;
        _table = Key("table", maxLength: 60);
        _key = Key("key", maxLength: 450);
        _at = Key("at", ColumnKind.Instant, role: DateRole.Noted);
        _reason = Text("reason", isLong: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Deletion Read(HistoryRow row) =>
        new(row.Text(_table)!, row.Text(_key)!, row.Date(_at)!.Value, row.Text(_reason));

    /// <inheritdoc/>
    protected override DateTime? StartOf(Deletion noun) => noun.At;
}
