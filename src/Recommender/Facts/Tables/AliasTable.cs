using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Accounts and partners that were merged into others. Where both an account and a partner have the old id, table says which. Name, domain and
/// external id are those of the old row, which are kept when it is merged.</summary>
public sealed class AliasTable : FactTable<Alias>
{
    readonly FactColumn _old,
        _new,
        _at,
        _table,
        _name,
        _domain,
        _externalId;

    /// <summary>Declares the table.</summary>
    public AliasTable()
        : base("aliases", FactKind.Merge)
    {
        IsAboutRows = true;
        _old = Key("old_id");
        _table = Key("table", oneOf: ["accounts", "partners"], required: false);
        _new = Text("new_id", required: true);
        _at = Date("at", required: true, role: DateRole.Noted);
        _name = Text("name");
        _domain = Text("domain");
        _externalId = Text("external_id", isId: true);
        Recorded();
    }

    /// <inheritdoc/>
    public override Alias Read(HistoryRow row) =>
        new(
            row.Text(_old)!,
            row.Text(_new)!,
            row.Date(_at)!.Value,
            row.Text(_table),
            row.Text(_name),
            row.Text(_domain),
            row.Text(_externalId)
        );

    /// <inheritdoc/>
    protected override (AccountId? AccountId, OpportunityId? OpportunityId) Concerns(Alias noun) =>
        (noun.Table == FactTables.Accounts.Name ? new AccountId(noun.NewId) : default(AccountId?), null);

    /// <inheritdoc/>
    protected override DateTime? StartOf(Alias noun) => noun.At;
}
