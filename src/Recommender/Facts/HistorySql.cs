namespace Recommender.Facts;

/// <summary>SQL of the history that is not of one table, one text per statement.</summary>
static class HistorySql
{
    /// <summary>Keeps a fact that a later version of its row replaces, and until when it held.</summary>
    public const string Supersede = """
        INSERT INTO superseded_facts (table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, attributes, until_applied_at, until_seen_at)
        VALUES (@Table, @IsEnd, @Key, @AppliedAt, @SeenAt, @IsChange, @Values, @Attributes, @UntilAppliedAt, @UntilSeenAt)
        """;

    /// <summary>SQL Server: makes the staging table of such facts of a connection.</summary>
    public const string StageSuperseded = """
        SELECT TOP (0) table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, attributes, until_applied_at, until_seen_at
        INTO #staged_superseded_facts
        FROM superseded_facts
        """;

    /// <summary>SQL Server: keeps what is staged.</summary>
    public const string SupersedeStaged = """
        INSERT INTO superseded_facts (table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, attributes, until_applied_at, until_seen_at)
        SELECT table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, attributes, until_applied_at, until_seen_at
        FROM #staged_superseded_facts
        """;

    /// <summary>SQL Server: empties the staging table.</summary>
    public const string UnstageSuperseded = """
        TRUNCATE TABLE #staged_superseded_facts
        """;

    /// <summary>SQL Server: makes the table of a connection that holds the keys of rows which are asked for; the texts of a key in their order, and its date.</summary>
    public const string StageWanted = """
        CREATE TABLE #wanted (
            k0 nvarchar(450) COLLATE Latin1_General_100_BIN2 NULL,
            k1 nvarchar(450) COLLATE Latin1_General_100_BIN2 NULL,
            k2 nvarchar(450) COLLATE Latin1_General_100_BIN2 NULL,
            k3 nvarchar(450) COLLATE Latin1_General_100_BIN2 NULL,
            at datetimeoffset(3) NULL
        )
        """;

    /// <summary>SQL Server: empties it.</summary>
    public const string UnstageWanted = """
        TRUNCATE TABLE #wanted
        """;

    /// <summary>Forgets the earlier versions of a row.</summary>
    public const string ForgetSuperseded = """
        -- index: superseded_facts_key
        DELETE FROM superseded_facts
        WHERE table_name = @table AND row_key = @key
        """;

    /// <summary>Replaced facts that held for some time, in the order in which they could be seen, or with @live in that in which they were applied.</summary>
    public static readonly StreamText SelectSuperseded = new(
        Rows: """
        -- index: superseded_facts_by_applied_at
        SELECT row_values, attributes, seen_at, applied_at, until_seen_at, until_applied_at, table_name, is_end
        FROM superseded_facts
        WHERE seen_at < @asOf AND applied_at < @appliedBefore AND applied_at >= @appliedFrom
          AND (@live = 1 AND applied_at < until_applied_at OR @live = 0 AND seen_at < until_seen_at)
        ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, table_name, row_key
        """,
        EndOfPage: """
        -- index: superseded_facts_by_applied_at
        SELECT COUNT(*), MAX(first_rows.at)
        FROM (
            SELECT TOP (@limit) applied_at AS at
            FROM superseded_facts
            WHERE seen_at < @asOf AND applied_at < @appliedBefore AND applied_at >= @appliedFrom AND applied_at < until_applied_at
            ORDER BY applied_at
        ) AS first_rows
        """
    );

    /// <summary>The same, those that are replaced by then, at @appliedFrom or later, in the order in which they were.</summary>
    public static readonly StreamText SelectReplaced = new(
        Rows: """
        -- index: superseded_facts_by_applied_at
        SELECT row_values, attributes, seen_at, applied_at, until_seen_at, until_applied_at, table_name, is_end
        FROM superseded_facts
        WHERE until_seen_at < @asOf AND until_applied_at < @appliedBefore AND until_applied_at >= @appliedFrom AND seen_at < @asOf AND applied_at < @appliedBefore
          AND (@live = 1 AND applied_at < until_applied_at OR @live = 0 AND seen_at < until_seen_at)
        ORDER BY CASE WHEN @live = 1 THEN until_applied_at ELSE until_seen_at END, table_name, row_key
        """,
        EndOfPage: """
        -- index: superseded_facts_by_applied_at
        SELECT COUNT(*), MAX(first_rows.at)
        FROM (
            SELECT TOP (@limit) until_applied_at AS at
            FROM superseded_facts
            WHERE until_seen_at < @asOf AND until_applied_at < @appliedBefore AND until_applied_at >= @appliedFrom AND seen_at < @asOf AND applied_at < until_applied_at
            ORDER BY until_applied_at
        ) AS first_rows
        """
    );

    /// <summary>1 if earlier versions that could be seen before @asOf were taken in, or back, at @asOf or later and before @appliedBefore.</summary>
    public const string AnySupersededLate = """
        -- index: superseded_facts_by_applied_at
        SELECT CASE WHEN EXISTS (
            SELECT 1
            FROM superseded_facts
            WHERE seen_at < @asOf AND applied_at >= @asOf AND applied_at < @appliedBefore
              OR until_seen_at < @asOf AND until_applied_at >= @asOf AND until_applied_at < @appliedBefore
        ) THEN 1 ELSE 0 END
        """;

    /// <summary>Earlier versions of the rows of a table, and until when they were seen.</summary>
    public const string SelectVersions = """
        -- index: superseded_facts_key
        SELECT row_values, until_seen_at
        FROM superseded_facts
        WHERE table_name = @table
        ORDER BY row_key
        """;

    /// <summary>Earlier versions of the rows of a table, with what tells one from the others.</summary>
    public const string SelectVersionKeys = """
        -- index: superseded_facts_key
        SELECT row_key, is_end, applied_at, row_values
        FROM superseded_facts
        WHERE table_name = @table
        ORDER BY row_key, is_end, applied_at
        """;

    /// <summary>Forgets one of <see cref="SelectVersionKeys"/>.</summary>
    public const string ForgetVersion = """
        -- index: superseded_facts_key
        DELETE FROM superseded_facts
        WHERE table_name = @table AND row_key = @key AND is_end = @isEnd AND applied_at = @appliedAt
        """;

    /// <summary>Has one of <see cref="SelectVersionKeys"/> say something else.</summary>
    public const string RewriteVersion = """
        -- index: superseded_facts_key
        UPDATE superseded_facts
        SET row_values = @values
        WHERE table_name = @table AND row_key = @key AND is_end = @isEnd AND applied_at = @appliedAt
        """;

    /// <summary>1 if a row has an earlier version.</summary>
    public const string AnyVersion = """
        -- index: superseded_facts_key
        SELECT CASE WHEN EXISTS (SELECT 1 FROM superseded_facts WHERE table_name = @table AND row_key = @key) THEN 1 ELSE 0 END
        """;

    /// <summary>Accounts that were forgotten, and when.</summary>
    public const string SelectErasures = """
        -- index: erasures_key
        SELECT account_id, erased_at
        FROM erasures
        ORDER BY account_id
        """;

    public const string InsertErasure = """
        INSERT INTO erasures (account_id, erased_at)
        VALUES (@id, @at)
        """;

    public const string DeleteErasure = """
        -- index: erasures_key
        DELETE FROM erasures
        WHERE account_id = @id
        """;

    /// <summary>Forgets into what an account was merged.</summary>
    public const string ForgetMerge = """
        -- index: aliases_key
        DELETE FROM aliases
        WHERE old_id = @id AND "table" = 'accounts'
        """;

    /// <summary>Forgets that a row was deleted, and why.</summary>
    public const string ForgetDeletions = """
        -- index: deletions_key
        DELETE FROM deletions
        WHERE "table" = @table AND "key" = @key
        """;

    /// <summary>Earlier versions of a row that were seen for some time, the oldest first.</summary>
    public const string SelectVersionsOf = """
        -- index: superseded_facts_key
        SELECT row_values, attributes, seen_at, until_seen_at
        FROM superseded_facts
        WHERE table_name = @table AND row_key = @key AND is_end = 0 AND seen_at < until_seen_at
        ORDER BY seen_at
        """;

    /// <summary>All merged ids.</summary>
    public const string SelectAliases = """
        -- index: aliases_key
        SELECT old_id, new_id, "table"
        FROM aliases
        ORDER BY old_id
        """;

    /// <summary>Keys of deleted rows of a table, with what they held when they were.</summary>
    public const string SelectDeleted = """
        -- index: deletions_key
        SELECT "key", row_fingerprint
        FROM deletions
        WHERE "table" = @table
        ORDER BY "key", at
        """;

    /// <summary>When a row was deleted, the last time first.</summary>
    public const string SelectDeletedAt = """
        -- index: deletions_key
        SELECT applied_at
        FROM deletions
        WHERE "table" = @table AND "key" = @key
        ORDER BY applied_at DESC
        """;

    /// <summary>When rows of a table were deleted.</summary>
    public const string SelectAllDeletedAt = """
        -- index: deletions_key
        SELECT "key", applied_at
        FROM deletions
        WHERE "table" = @table
        ORDER BY "key", applied_at
        """;

    /// <summary>Notes what a deleted row held, and when it was taken out.</summary>
    public const string NoteDeleted = """
        -- index: deletions_key
        UPDATE deletions
        SET row_fingerprint = @fingerprint, seen_at = @stamp, applied_at = @stamp
        WHERE "table" = @table AND "key" = @key AND at = @at
        """;

    public const string AccountByExternalId = """
        -- index: accounts_by_external_id
        SELECT account_id
        FROM accounts
        WHERE external_id = @externalId
        ORDER BY account_id
        """;

    public const string PartnerByExternalId = """
        -- index: partners_by_external_id
        SELECT partner_id
        FROM partners
        WHERE external_id = @externalId
        ORDER BY partner_id
        """;

    /// <summary>Accounts or partners that had an external id and were merged into others.</summary>
    public const string MergedByExternalId = """
        -- index: aliases_key
        SELECT old_id
        FROM aliases
        WHERE external_id = @externalId AND "table" = @table
        ORDER BY old_id
        """;

    public const string InsertEpoch = """
        INSERT INTO history_epochs (imported_at)
        VALUES (@at)
        """;

    public const string CountEpochs = """
        -- index: history_epochs_key
        SELECT COUNT(*)
        FROM history_epochs
        """;

    /// <summary>Forgets the rows that the last import did not take.</summary>
    public const string DeleteRejected = """
        -- index: rejected_rows_key
        DELETE FROM rejected_rows
        """;

    public const string InsertRejected = """
        INSERT INTO rejected_rows ("file", line, column_name, found, expected)
        VALUES (@File, @Line, @Column, @Found, @Expected)
        """;

    /// <summary>The statements of every table.</summary>
    public static IReadOnlyList<TableStatements> All => [.. FactTables.All.Select(table => table.Statements)];
}
