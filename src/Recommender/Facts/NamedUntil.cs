using System.Data.Common;
using Dapper;

namespace Recommender.Facts;

/// <summary>Until when deals were named by earlier versions of other rows; looked up once.</summary>
sealed class NamedUntil(DbConnection connection, DbTransaction transaction)
{
    Dictionary<string, DateTime>? _namedUntil;

    /// <summary>Until when earlier versions of other rows named a deal.</summary>
    public DateTime Of(string opportunityId)
    {
        if (_namedUntil is null)
        {
            _namedUntil = [];
            foreach (var table in FactTables.OfFacts)
            {
                if (table.Columns.FirstOrDefault(column => column.References == "opportunities") is not { } column)
                    continue;
                foreach (
                    var (values, until) in connection.Query<(string, DateTime)>(
                        HistorySql.SelectVersions,
                        new { table = table.Name },
                        transaction,
                        buffered: false
                    )
                )
                {
                    if (HistoryRow.ReadValues(table, values)[column.Position] is string id)
                        _namedUntil[id] = HistoryRow.Later(until, _namedUntil.GetValueOrDefault(id));
                }
            }
        }
        return _namedUntil.GetValueOrDefault(opportunityId);
    }
}
