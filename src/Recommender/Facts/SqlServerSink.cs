using Microsoft.Data.SqlClient;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Rows of an import on SQL Server, staged and taken in as one set.</summary>
sealed class SqlServerSink(SqlConnection connection, SqlTransaction transaction, FactTable table)
    : RowSink(connection, transaction, table)
{
    readonly StagedRows _staged = new(connection, transaction, table);

    public override void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange) =>
        _staged.Add(RowCommand.Values(row, MomentsOf(facts), isChange, row.AttributesAsJson(), fingerprint), isNew);

    public override void Finish() => _staged.Finish();

    public override void Dispose() => _staged.Dispose();
}
