using System.Data.Common;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The statements of single rows on one connection, prepared once a table. Not safe for several threads.</summary>
sealed class RowStatements(DbConnection connection) : IDisposable
{
    readonly Dictionary<string, OfTable> _tables = [];
    readonly Dictionary<string, string[]> _names = [];
    readonly Dictionary<string, DateTime?> _writtenAt = [];

    /// <summary>The transaction that they belong to.</summary>
    public DbTransaction? Transaction
    {
        get;
        set
        {
            field = value;
            _writtenAt.Clear();
        }
    }

    /// <summary>The row that has a key; null if there is none.</summary>
    public StoredRow? Read(FactTable table, string key)
    {
        var find = Of(table).Find;
        SetKey(find, table, key);
        return Found(find, table);
    }

    /// <summary>The row that has the key of another. A part of the key may be the key of several columns itself.</summary>
    public StoredRow? Read(HistoryRow row)
    {
        var find = Of(row.Table).Find;
        for (var i = 0; i < row.Table.KeyLength; i++)
            Engines.Set(find.Parameters[i], row.Values[i]);
        return Found(find, row.Table);
    }

    /// <summary>True if there is a row of that key.</summary>
    public bool Has(FactTable table, string key)
    {
        var find = Of(table).Find;
        SetKey(find, table, key);
        using var reader = find.ExecuteReader();
        return reader.Read();
    }

    /// <summary>Adds a row, or replaces the one that has its key.</summary>
    /// <param name="isNew">There is none of its key yet.</param>
    /// <param name="row">The row.</param>
    /// <param name="moments">When what it states is seen and applied.</param>
    /// <param name="isChange">It replaces an earlier version that was seen.</param>
    /// <param name="attributes">Its attributes as JSON; null if none.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="now">When it is written, UTC.</param>
    public void Put(
        bool isNew,
        HistoryRow row,
        in RowMoments moments,
        bool isChange,
        string? attributes,
        long fingerprint,
        DateTime now
    )
    {
        var statements = Of(row.Table);
        if (!_writtenAt.TryGetValue(row.Table.Name, out var writtenAt))
            _writtenAt[row.Table.Name] = writtenAt = RowMoments.Write(connection, Transaction, row.Table, now);
        RowCommand.Execute(
            isNew ? statements.Insert : statements.Update,
            row,
            moments with
            {
                WrittenAt = writtenAt,
            },
            isChange,
            attributes,
            fingerprint
        );
    }

    /// <summary>Removes the row of a key.</summary>
    public void Delete(FactTable table, string key)
    {
        var delete = Of(table).Delete;
        SetKey(delete, table, key);
        delete.ExecuteNonQuery();
    }

    /// <summary>Rows that name a row of accounts, partners or opportunities, each with the column that does; children of children last.</summary>
    public List<(FactTable Table, string Key, FactColumn Column)> Naming(FactTable table, string key)
    {
        var naming = new List<(FactTable, string, FactColumn)>();
        foreach (var other in FactTables.OfFacts)
        {
            foreach (var statement in other.Statements.Naming.Where(one => one.Column.References == table.Name))
            {
                using var command = connection.CreateCommand();
                (command.CommandText, command.Transaction) = (statement.Sql, Transaction);
                var id = command.CreateParameter();
                id.ParameterName = "@id";
                Engines.Set(id, key);
                command.Parameters.Add(id);
                using var reader = command.ExecuteReader();
                while (reader.Read())
                    naming.Add((other, RowReader.ReadKey(other, reader), statement.Column));
            }
        }
        return naming;
    }

    StoredRow? Found(DbCommand find, FactTable table)
    {
        using var reader = find.ExecuteReader();
        return reader.Read() ? StoredRow.Read(table, reader, _names) : null;
    }

    static void SetKey(DbCommand command, FactTable table, string key)
    {
        var parts = table.KeyLength == 1 ? [key] : key.Split('\u001f', table.KeyLength);
        for (var i = 0; i < parts.Length; i++)
            Engines.Set(
                command.Parameters[i],
                table.Columns[i].Kind == ColumnKind.Instant ? Instants.OfText(parts[i]) : parts[i]
            );
    }

    OfTable Of(FactTable table)
    {
        if (!_tables.TryGetValue(table.Name, out var statements))
            _tables[table.Name] = statements = new(connection, table);
        statements.Set(Transaction);
        return statements;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statements in _tables.Values)
            statements.Dispose();
    }

    sealed class OfTable(DbConnection connection, FactTable table) : IDisposable
    {
        public DbCommand Find { get; } = ByKey(connection, table, table.Statements.Find);

        public DbCommand Insert { get; } = RowCommand.Of(connection, null, table.Statements.Insert, table);

        public DbCommand Update { get; } = RowCommand.Of(connection, null, table.Statements.Update, table);

        public DbCommand Delete { get; } = ByKey(connection, table, table.Statements.Delete);

        public void Set(DbTransaction? transaction) =>
            Find.Transaction = Insert.Transaction = Update.Transaction = Delete.Transaction = transaction;

        static DbCommand ByKey(DbConnection connection, FactTable table, string sql)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var column in table.Columns.Take(table.KeyLength))
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ("@" + column.Name, "");
                command.Parameters.Add(parameter);
            }
            return command;
        }

        public void Dispose()
        {
            Find.Dispose();
            Insert.Dispose();
            Update.Dispose();
            Delete.Dispose();
        }
    }
}
