using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>What a column of a row held, and since when; before the first change nobody knows.</summary>
public sealed class FieldChangeTable : FactTable<FieldChange>
{
    readonly FactColumn _table,
        _key,
        _column,
        _at,
        _value;

    /// <summary>Declares the table.</summary>
    public FieldChangeTable()
        : base("field_changes", null)
    {
        IsAboutRows = true;
        _table = Key("table", maxLength: 60);
        _key = Key("key", maxLength: 450);
        _column = Key("column");
        _at = Key("at", ColumnKind.Instant, role: DateRole.Noted);
        _value = Text("value", isLong: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override FieldChange Read(HistoryRow row) =>
        new(row.Text(_table)!, row.Text(_key)!, row.Text(_column)!, row.Text(_value), row.Date(_at)!.Value);

    /// <inheritdoc/>
    protected override DateTime? StartOf(FieldChange noun) => noun.At;
}
