using System.Data;
using System.Globalization;
using Dapper;
using Microsoft.Data.SqlClient;

namespace Recommender.Facts;

/// <summary>
/// Rows on their way into a table of SQL Server: by bulk copy into a staging table, and from there into the table as a set. A connection
/// that writes has its staging tables from the start, so that none is made within a transaction.
/// </summary>
sealed class StagedRows : IDisposable
{
    const int RowsOfCopy = 10_000;
    readonly SqlConnection _connection;
    readonly SqlTransaction _transaction;
    readonly FactTable _table;
    readonly BulkCopy _copy;
    bool _anyNew;
    bool _anyKnown;

    public StagedRows(SqlConnection connection, SqlTransaction transaction, FactTable table)
    {
        (_connection, _transaction, _table) = (connection, transaction, table);
        _copy = new(
            connection,
            transaction,
            "#staged_" + table.Name,
            [
                .. RowCommand
                    .Names(table)
                    .Select(name =>
                        (
                            name,
                            RowCommand.KindOf(table, name) switch
                            {
                                ColumnKind.Number => typeof(decimal),
                                ColumnKind.Instant => typeof(DateTimeOffset),
                                ColumnKind.Text => typeof(string),
                                _ => name == "is_change" ? typeof(bool) : typeof(long),
                            }
                        )
                    ),
            ]
        );
    }

    /// <summary>Makes the staging tables of a connection.</summary>
    public static int Prepare(SqlConnection connection)
    {
        string[] all =
        [
            HistorySql.StageWanted,
            HistorySql.StageSuperseded,
            .. FactTables.All.Select(one => one.Statements.Stage),
        ];
        return connection.Execute(string.Join(";\n", all));
    }

    /// <summary>Takes a row.</summary>
    /// <param name="values">As <see cref="RowCommand.Values"/> has them.</param>
    /// <param name="isNew">The table has no row of its key yet.</param>
    public void Add(object?[] values, bool isNew)
    {
        _copy.Add(values);
        _anyNew |= isNew;
        _anyKnown |= !isNew;
    }

    /// <summary>Has all of them stand in the table.</summary>
    public void Finish()
    {
        _copy.Finish();
        if (_anyKnown)
            _connection.Execute(_table.Statements.UpdateStaged, transaction: _transaction, commandTimeout: 0);
        if (_anyNew)
            _connection.Execute(_table.Statements.InsertStaged, transaction: _transaction, commandTimeout: 0);
        _connection.Execute(_table.Statements.Unstage, transaction: _transaction);
    }

    public void Dispose() => _copy.Dispose();

    /// <summary>Rows that are copied into a table many at a time.</summary>
    public sealed class BulkCopy : IDisposable
    {
        readonly SqlBulkCopy _copy;
        readonly DataTable _rows = new() { Locale = CultureInfo.InvariantCulture };

        public BulkCopy(
            SqlConnection connection,
            SqlTransaction transaction,
            string table,
            IEnumerable<(string Name, Type Type)> columns
        )
        {
            _copy = new(connection, SqlBulkCopyOptions.TableLock, transaction)
            {
                DestinationTableName = table,
                BulkCopyTimeout = 0,
            };
            foreach (var (name, type) in columns)
            {
                _rows.Columns.Add(name, type);
                _copy.ColumnMappings.Add(name, name);
            }
        }

        public void Add(object?[] values)
        {
            _rows.Rows.Add([.. values.Select(Engines.ForBulkCopy)]);
            if (_rows.Rows.Count >= RowsOfCopy)
                Finish();
        }

        public void Finish()
        {
            if (_rows.Rows.Count > 0)
                _copy.WriteToServer(_rows);
            _rows.Clear();
        }

        public void Dispose()
        {
            ((IDisposable)_copy).Dispose();
            _rows.Dispose();
        }
    }
}
