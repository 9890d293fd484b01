using System.Data.Common;
using Dapper;
using Microsoft.Data.SqlClient;
using Recommender.CoSell;

namespace Recommender.Facts;

/// <summary>The statements of single rows on one connection, prepared once a table. Not safe for several threads.</summary>
sealed class RowStatements(DbConnection connection) : IDisposable
{
    const int FewestOfBatch = 16;
    readonly Dictionary<string, OfTable> _tables = [];
    readonly Dictionary<string, string[]> _names = [];
    readonly Dictionary<string, DateTime?> _writtenAt = [];
    RowBatch? _batch;

    /// <summary>The transaction that they belong to.</summary>
    public DbTransaction? Transaction
    {
        get;
        set
        {
            field = value;
            _batch = null;
            _writtenAt.Clear();
        }
    }

    /// <summary>True while many rows are taken in at once.</summary>
    public bool AreMany => _batch is not null;

    /// <summary>Has many rows that are about to be taken in be read and written as sets, where that is less work, until <see cref="Finish"/>.</summary>
    public void Expect(IReadOnlyList<HistoryRow> coming)
    {
        if (connection is not SqlConnection server || coming.Count < FewestOfBatch)
            return;
        _batch ??= new(server, (SqlTransaction)Transaction!, this);
        _batch.Expect(coming);
    }

    /// <summary>Has everything stand in the database that was put so far.</summary>
    public void Flush() => _batch?.Flush();

    /// <summary>The same, and lets rows go one by one from now on.</summary>
    public void Finish()
    {
        Flush();
        _batch = null;
    }

    /// <summary>Forgets what was put and is not in the database yet.</summary>
    public void Forget() => _batch = null;

    /// <summary>The row that has a key; null if there is none.</summary>
    public StoredRow? Read(FactTable table, string key)
    {
        if (_batch is not null && _batch.TryFind(table, key, out var known))
            return known;
        var find = Of(table).Find;
        SetKey(find, table, key);
        var stored = Found(find, table);
        _batch?.Know(table, key, stored);
        return stored;
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
        if (_batch is not null)
            return Read(table, key) is not null;
        var find = Of(table).Find;
        SetKey(find, table, key);
        using var reader = find.ExecuteReader();
        return reader.Read();
    }

    /// <summary>Ids of the accounts or partners that have an external id.</summary>
    public IReadOnlyCollection<string> HavingExternalId(FactTable table, string externalId)
    {
        if (_batch?.Having(table, externalId) is { } known)
            return known;
        Flush();
        return
        [
            .. connection.Query<string>(
                table == FactTables.Accounts ? HistorySql.AccountByExternalId : HistorySql.PartnerByExternalId,
                new { externalId },
                Transaction
            ),
        ];
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
        if (!_writtenAt.TryGetValue(row.Table.Name, out var writtenAt))
            _writtenAt[row.Table.Name] = writtenAt = RowMoments.Write(connection, Transaction, row.Table, now);
        var dated = moments with { WrittenAt = writtenAt };
        // What is about rows is looked up in other ways than by its key.
        if (_batch is null || row.Table.IsAboutRows)
            Write(isNew, row, dated, isChange, attributes, fingerprint);
        else
            _batch.Put(isNew, row, dated, isChange, attributes, fingerprint);
    }

    /// <summary>Writes a row by itself.</summary>
    internal void Write(bool isNew, HistoryRow row, in RowMoments moments, bool isChange, string? attributes, long fingerprint)
    {
        var statements = Of(row.Table);
        RowCommand.Execute(isNew ? statements.Insert : statements.Update, row, moments, isChange, attributes, fingerprint);
    }

    /// <summary>Keeps an earlier version of a row.</summary>
    public void Keep(SupersededRow superseded)
    {
        if (_batch is null)
            Write(superseded);
        else
            _batch.Keep(superseded);
    }

    /// <summary>Writes an earlier version by itself.</summary>
    internal void Write(SupersededRow superseded) => superseded.Write(connection, Transaction);

    /// <summary>Removes the row of a key.</summary>
    public void Delete(FactTable table, string key)
    {
        Flush();
        var delete = Of(table).Delete;
        SetKey(delete, table, key);
        delete.ExecuteNonQuery();
        _batch?.Deleted(table, key);
    }

    /// <summary>Rows that name a row of accounts, partners or opportunities, each with the column that does; children of children last.</summary>
    public List<(FactTable Table, string Key, FactColumn Column)> Naming(FactTable table, string key)
    {
        Flush();
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
