using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Accounts and partners that were merged into others. Where both an account and a partner have the old id, table says which.</summary>
public sealed class AliasTable : FactTable<Alias>
{
    readonly FactColumn _old,
        _new,
        _at,
        _table;

    /// <summary>Declares the table.</summary>
    public AliasTable()
        : base("aliases", null)
    {
        _old = Key("old_id");
        _table = Key("table", oneOf: ["accounts", "partners"], required: false);
        _new = Text("new_id", required: true);
        _at = Date("at", required: true, role: DateRole.Noted);
        Recorded();
    }

    /// <inheritdoc/>
    public override Alias Read(HistoryRow row) => new(row.Text(_old)!, row.Text(_new)!, row.Date(_at)!.Value, row.Text(_table));

    /// <inheritdoc/>
    protected override DateTime? StartOf(Alias noun) => noun.At;
}
