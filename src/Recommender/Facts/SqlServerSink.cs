using System.Data;
using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>Rows go to a staging table by bulk copy, and from there into the table as one set.</summary>
sealed class SqlServerSink : RowSink
{
    const int RowsOfBatch = 10_000;
    readonly SqlConnection _connection;
    readonly SqlTransaction _transaction;
    readonly TableStatements _statements;
    readonly SqlBulkCopy _copy;
    readonly DataTable _batch;
    long _staged;

    public SqlServerSink(SqlConnection connection, SqlTransaction transaction, FactTable table)
        : base(connection, transaction, table)
    {
        (_connection, _transaction) = (connection, transaction);
        _statements = table.Statements;
        connection.Execute(_statements.Stage, transaction: transaction);
        _copy = new(connection, SqlBulkCopyOptions.TableLock, transaction)
        {
            DestinationTableName = "#staged_" + table.Name,
            BulkCopyTimeout = 0,
        };
        _batch = new() { Locale = System.Globalization.CultureInfo.InvariantCulture };
        foreach (var name in RowCommand.Names(table))
        {
            _batch.Columns.Add(
                name,
                RowCommand.KindOf(table, name) switch
                {
                    ColumnKind.Number => typeof(decimal),
                    ColumnKind.Instant => typeof(DateTimeOffset),
                    ColumnKind.Text => typeof(string),
                    _ => name == "is_change" ? typeof(bool) : typeof(long),
                }
            );
            _copy.ColumnMappings.Add(name, name);
        }
    }

    public override void Take(HistoryRow row, List<DatedFact> facts, long fingerprint, bool isNew, bool isChange)
    {
        _batch.Rows.Add([
            .. RowCommand
                .Values(row, MomentsOf(facts), isChange, row.AttributesAsJson(), fingerprint)
                .Select(Engines.ForBulkCopy),
        ]);
        _staged++;
        if (_batch.Rows.Count >= RowsOfBatch)
            Copy();
    }

    void Copy()
    {
        _copy.WriteToServer(_batch);
        _batch.Clear();
    }

    public override void Finish()
    {
        if (_batch.Rows.Count > 0)
            Copy();
        if (_staged > 0)
            _connection.Execute(_statements.Merge, transaction: _transaction, commandTimeout: 0);
    }

    public override void Dispose()
    {
        ((IDisposable)_copy).Dispose();
        _batch.Dispose();
    }
}
