using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Companies that stand in a table under two ids, as far as their rows tell.</summary>
sealed class Twins
{
    /// <summary>What is to be said of a row that was taken in while another has its external id; null if none has.</summary>
    internal static RowWarning? Of(HistoryRow row, HistoryWriter writer) =>
        row.Table.IsListed
        && row["external_id"] is string externalId
        && writer.HavingExternalId(row.Table, externalId).Any(id => id != row.Key)
            ? new(
                "external_id",
                externalId,
                "is that of another row, too: seems to be one company under two ids, which aliases merge"
            )
            : null;

    readonly Dictionary<(string Table, string Mark), (string Key, CompanyIdentity Company)> _known = [];

    /// <summary>What is to be said of a row whose company stands under another id already; null if none does. The row is known from now on.</summary>
    public RowWarning? Of(HistoryRow row)
    {
        if (row.Table != FactTables.Accounts && row.Table != FactTables.Partners)
            return null;
        var company = row.Table.NounOf(row) switch
        {
            Account account when (account.Domain ?? account.ExternalId) is not null => CompanyIdentity.Of(account),
            Partner partner when (partner.Domain ?? partner.ExternalId) is not null => CompanyIdentity.Of(partner),
            _ => null,
        };
        RowWarning? twin = null;
        foreach (var mark in company?.Marks ?? [])
        {
            if (_known.TryAdd((row.Table.Name, mark), (row.Key, company!)))
                continue;
            var (key, other) = _known[(row.Table.Name, mark)];
            if (twin is null && key != row.Key && company!.SameAs(other) is (_, true))
                twin = new(
                    row.Table.Columns[0].Name,
                    row.Key,
                    "has the domain or external id of an earlier row: seems to be one company under two ids, which aliases merge"
                );
        }
        return twin;
    }
}
