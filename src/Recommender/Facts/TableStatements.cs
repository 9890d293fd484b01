namespace Recommender.Facts;

/// <summary>The statements of one table, which follow from its columns.</summary>
sealed class TableStatements
{
    public TableStatements(FactTable table)
    {
        Table = table;
        var name = table.Name;
        var columns = table.Columns.Select(column => column.Sql).ToList();
        var stored = RowCommand.Names(table).Select(column => SqlOf(table, column)).ToList();
        var key = columns.Take(table.KeyLength).ToList();
        var changing = stored.Skip(table.KeyLength).ToList();
        string Join(IEnumerable<string> parts) => string.Join(", ", parts);
        string Where(string right) => string.Join(" AND ", key.Select(column => $"{column} = {right}{Bare(column)}"));
        string Parameter(string column) => "@" + Bare(column);
        Keys = $"""
            -- index: {name}_key
            SELECT {Join(key)}, fingerprint
            FROM {name}
            ORDER BY {Join(key)}
            """;
        Find = $"""
            -- index: {name}_key
            SELECT {Join(stored)}
            FROM {name}
            WHERE {Where("@")}
            ORDER BY {Join(key)}
            """;
        All = $"""
            -- index: {name}_key
            SELECT {Join(columns)}, attributes
            FROM {name}
            ORDER BY {Join(key)}
            """;
        Of = $"""
            -- index: {name}_key
            SELECT {Join(columns)}, attributes
            FROM {name}
            WHERE {key[0]} = @first
            ORDER BY {Join(key)}
            """;
        Insert = $"""
            INSERT INTO {name} ({Join(stored)})
            VALUES ({Join(stored.Select(Parameter))})
            """;
        Update = $"""
            -- index: {name}_key
            UPDATE {name}
            SET {Join(changing.Select(column => $"{column} = {Parameter(column)}"))}
            WHERE {Where("@")}
            """;
        Delete = $"""
            -- index: {name}_key
            DELETE FROM {name}
            WHERE {Where("@")}
            """;
        if (table.Kind is not null)
        {
            Select = Stream("");
            AnyLate = Late("");
            if (table.End is { } end)
            {
                AnyEndLate = Late(end + "_");
                SelectEnds = Stream(end + "_");
            }
        }
        StreamText Stream(string part)
        {
            var where = $"{part}seen_at < @asOf AND {part}applied_at < @appliedBefore AND {part}applied_at >= @appliedFrom";
            return new(
                $"""
                -- index: {name}_by_applied_at
                SELECT {Join(columns)}, attributes, {part}seen_at, {part}applied_at, is_change
                FROM {name}
                WHERE {where}
                ORDER BY CASE WHEN @live = 1 THEN {part}applied_at ELSE {part}seen_at END, {Join(key)}
                """,
                $"""
                -- index: {name}_by_applied_at
                SELECT COUNT(*), MAX(first_rows.at)
                FROM (SELECT TOP (@limit) {part}applied_at AS at FROM {name} WHERE {where} ORDER BY {part}applied_at) AS first_rows
                """
            );
        }
        // The first condition follows from the others; it is that of an index of SQLite which holds late rows only.
        string Late(string part) =>
            $"""
                -- index: {name}_by_applied_at
                SELECT CASE WHEN EXISTS (
                    SELECT 1
                    FROM {name}
                    WHERE {part}seen_at < {part}applied_at AND {part}seen_at < @asOf
                      AND {part}applied_at >= @asOf AND {part}applied_at < @appliedBefore
                ) THEN 1 ELSE 0 END
                """;
        Any = $"""
            -- index: {name}_key
            SELECT CASE WHEN EXISTS (SELECT 1 FROM {name}) THEN 1 ELSE 0 END
            """;
        Naming =
        [
            .. table
                .Columns.Where(column => column.References is not null)
                .Select(column => new NamingStatement(
                    column,
                    $"""
                    -- index: {name}_key
                    SELECT {Join(key)}
                    FROM {name}
                    WHERE {column.Sql} = @id
                    ORDER BY {Join(key)}
                    """
                )),
        ];
        if (table.IsListed)
        {
            LastWritten = $"""
                -- index: {name}_by_written_at
                SELECT MAX(written_at)
                FROM {name}
                """;
            Since = SqlText.Limited(
                $"""
                -- index: {name}_by_written_at
                SELECT {Join(stored)}
                FROM {name}
                WHERE written_at > @since OR written_at = @since AND {key[0]} > @after
                ORDER BY written_at, {key[0]}
                """
            );
        }
        var wanted = table
            .Columns.Take(table.KeyLength)
            .Select(column => $"t.{column.Sql} = wanted.{RowBatch.WantedColumn(column)}");
        FindMany = $"""
            -- index: {name}_key
            SELECT {Join(stored.Select(column => "t." + column))}
            FROM #wanted AS wanted
            JOIN {name} AS t ON {string.Join(" AND ", wanted)}
            """;
        if (table.IsListed)
            HavingMany = $"""
                -- index: {name}_by_external_id
                SELECT t.external_id, t.{key[0]}
                FROM #wanted AS wanted
                JOIN {name} AS t ON t.external_id = wanted.k0
                WHERE t.external_id IS NOT NULL
                ORDER BY t.external_id, t.{key[0]}
                """;
        Stage = $"""
            SELECT TOP (0) {Join(stored)}
            INTO #staged_{name}
            FROM {name}
            """;
        var same = string.Join(" AND ", key.Select(column => $"target.{column} = source.{column}"));
        UpdateStaged = $"""
            -- index: {name}_key
            UPDATE target
            SET {Join(changing.Select(column => $"{column} = source.{column}"))}
            FROM {name} AS target
            JOIN #staged_{name} AS source ON {same}
            """;
        InsertStaged = $"""
            -- index: {name}_key
            INSERT INTO {name} ({Join(stored)})
            SELECT {Join(stored)}
            FROM #staged_{name} AS source
            WHERE NOT EXISTS (SELECT 1 FROM {name} AS target WHERE {same})
            """;
        Unstage = $"""
            TRUNCATE TABLE #staged_{name}
            """;
        Changes = $"""
            -- index: {name}_by_change
            SELECT {Join(stored)}
            FROM {name}
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """;
    }

    public FactTable Table { get; }

    /// <summary>Key and fingerprint of every row.</summary>
    public string Keys { get; }

    /// <summary>The row that has the key, in the columns of <see cref="RowCommand.Names"/>.</summary>
    public string Find { get; }

    /// <summary>All rows.</summary>
    public string All { get; }

    /// <summary>Those whose key begins with @first.</summary>
    public string Of { get; }

    /// <summary>Adds a row.</summary>
    public string Insert { get; }

    /// <summary>Replaces a row that has the key.</summary>
    public string Update { get; }

    /// <summary>Removes the row that has the key.</summary>
    public string Delete { get; }

    /// <summary>What rows state; null if they state nothing.</summary>
    public StreamText? Select { get; }

    /// <summary>The same by the row's second fact; null if the table states one fact a row.</summary>
    public StreamText? SelectEnds { get; }

    /// <summary>1 if rows that could be seen before @asOf were applied at @asOf or later and before @appliedBefore; null as <see cref="Select"/>.</summary>
    public string? AnyLate { get; }

    /// <summary>The same by the row's second fact.</summary>
    public string? AnyEndLate { get; }

    /// <summary>1 if there are rows.</summary>
    public string Any { get; }

    /// <summary>Keys of the rows that name @id, for each column that refers to another table.</summary>
    public IReadOnlyList<NamingStatement> Naming { get; }

    /// <summary>When the last row was written; null if the table is not listed.</summary>
    public string? LastWritten { get; }

    /// <summary>Rows written after @since, or then and after the key @after, in that order, in the columns of <see cref="Find"/>; null if the table is not listed.</summary>
    public SqlText? Since { get; }

    /// <summary>SQL Server: makes the staging table of a connection, with the columns of <see cref="RowCommand.Names"/>.</summary>
    public string Stage { get; }

    /// <summary>SQL Server: has the rows of staged keys say what is staged.</summary>
    public string UpdateStaged { get; }

    /// <summary>SQL Server: adds the staged rows whose keys are new. Whoever runs it holds the lock of all writers.</summary>
    public string InsertStaged { get; }

    /// <summary>SQL Server: empties the staging table.</summary>
    public string Unstage { get; }

    /// <summary>SQL Server: the rows of the keys that #wanted holds, in the columns of <see cref="Find"/>.</summary>
    public string FindMany { get; }

    /// <summary>SQL Server: of the external ids that #wanted holds, which row has which; null if the table is not listed.</summary>
    public string? HavingMany { get; }

    /// <summary>SQL Server: rows changed since @since, in the columns of <see cref="Find"/>.</summary>
    public string Changes { get; }

    static string SqlOf(FactTable table, string name) => table.IndexOf(name) is >= 0 and var at ? table.Columns[at].Sql : name;

    static string Bare(string column) => column.Trim('"');
}

/// <summary>Finds the rows that name a row of another table.</summary>
/// <param name="Column">The column that names it.</param>
/// <param name="Sql">Their keys.</param>
sealed record NamingStatement(FactColumn Column, string Sql);
