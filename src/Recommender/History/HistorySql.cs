namespace Recommender.History;

/// <summary>The statements of one history table, portable to both engines.</summary>
/// <param name="Table">The table.</param>
/// <param name="Keys">Key and fingerprint of every row.</param>
/// <param name="Find">The row that has the key, with when it was seen and applied.</param>
/// <param name="Insert">Adds a row.</param>
/// <param name="Update">Replaces a row that has the key.</param>
/// <param name="Select">Rows seen before @asOf and applied before @appliedBefore; in the order of applied_at if @live is 1, else of seen_at.</param>
/// <param name="SelectEnds">The same by the row's second fact; null if the table states one fact a row.</param>
sealed record TableStatements(
    HistoryTable Table,
    string Keys,
    string Find,
    string Insert,
    string Update,
    string Select,
    string? SelectEnds = null
);

/// <summary>SQL of the history, one text per statement.</summary>
static class HistorySql
{
    /// <summary>Keeps a fact that a later version of its row replaces.</summary>
    public const string Supersede = """
        INSERT INTO superseded_facts (table_name, is_end, row_key, applied_at, seen_at, is_change, row_values, attributes)
        VALUES (@table, @isEnd, @key, @appliedAt, @seenAt, @isChange, @values, @attributes)
        """;

    /// <summary>Forgets the earlier versions of a row.</summary>
    public const string ForgetSuperseded = """
        -- index: superseded_facts_key
        DELETE FROM superseded_facts
        WHERE table_name = @table AND row_key = @key
        """;

    /// <summary>Replaced facts of a table, in the same two orders as <see cref="TableStatements.Select"/>.</summary>
    public const string SelectSuperseded = """
        -- index: superseded_facts_by_applied_at
        SELECT row_values, attributes, seen_at, applied_at, is_change
        FROM superseded_facts
        WHERE table_name = @table AND is_end = @isEnd AND seen_at < @asOf AND applied_at < @appliedBefore
        ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, row_key
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

    /// <summary>Accounts in the order in which they were taken in.</summary>
    public static readonly SqlText AccountsSince = SqlText.Limited(
        """
        -- index: accounts_by_applied_at
        SELECT account_id, applied_at
        FROM accounts
        WHERE applied_at > @since OR applied_at = @since AND account_id > @after
        ORDER BY applied_at, account_id
        """
    );

    public const string TablesWithRows = """
        -- index: accounts_key, partners_key, opportunities_key, engagements_key, opportunity_stages_key, touches_key, account_overlaps_key, deal_registrations_key, assists_key, certifications_key, feedback_key
        SELECT 'accounts' WHERE EXISTS (SELECT 1 FROM accounts)
        UNION ALL
        SELECT 'partners' WHERE EXISTS (SELECT 1 FROM partners)
        UNION ALL
        SELECT 'opportunities' WHERE EXISTS (SELECT 1 FROM opportunities)
        UNION ALL
        SELECT 'engagements' WHERE EXISTS (SELECT 1 FROM engagements)
        UNION ALL
        SELECT 'opportunity_stages' WHERE EXISTS (SELECT 1 FROM opportunity_stages)
        UNION ALL
        SELECT 'touches' WHERE EXISTS (SELECT 1 FROM touches)
        UNION ALL
        SELECT 'account_overlaps' WHERE EXISTS (SELECT 1 FROM account_overlaps)
        UNION ALL
        SELECT 'deal_registrations' WHERE EXISTS (SELECT 1 FROM deal_registrations)
        UNION ALL
        SELECT 'assists' WHERE EXISTS (SELECT 1 FROM assists)
        UNION ALL
        SELECT 'certifications' WHERE EXISTS (SELECT 1 FROM certifications)
        UNION ALL
        SELECT 'feedback' WHERE EXISTS (SELECT 1 FROM feedback)
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

    public const string DeleteRejected = """
        -- index: rejected_rows_key
        DELETE FROM rejected_rows
        """;

    public const string InsertRejected = """
        INSERT INTO rejected_rows ("file", line, column_name, found, expected)
        VALUES (@File, @Line, @Column, @Found, @Expected)
        """;

    public static IReadOnlyList<TableStatements> All { get; } =
    [
        new(
            HistoryContract.Accounts,
            Keys: """
            -- index: accounts_key
            SELECT account_id, fingerprint
            FROM accounts
            ORDER BY account_id
            """,
            Find: """
            -- index: accounts_key
            SELECT account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM accounts
            WHERE account_id = @account_id
            ORDER BY account_id
            """,
            Insert: """
            INSERT INTO accounts (account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@account_id, @name, @industry, @country, @region, @employee_count, @annual_revenue, @created_at, @domain, @external_id, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: accounts_key
            UPDATE accounts
            SET name = @name, industry = @industry, country = @country, region = @region, employee_count = @employee_count, annual_revenue = @annual_revenue, created_at = @created_at, domain = @domain, external_id = @external_id, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE account_id = @account_id
            """,
            Select: """
            -- index: accounts_by_applied_at
            SELECT account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change
            FROM accounts
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, account_id
            """
        ),
        new(
            HistoryContract.Partners,
            Keys: """
            -- index: partners_key
            SELECT partner_id, fingerprint
            FROM partners
            ORDER BY partner_id
            """,
            Find: """
            -- index: partners_key
            SELECT partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM partners
            WHERE partner_id = @partner_id
            ORDER BY partner_id
            """,
            Insert: """
            INSERT INTO partners (partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@partner_id, @name, @partner_type, @tier, @industries, @regions, @competencies, @joined_at, @domain, @external_id, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: partners_key
            UPDATE partners
            SET name = @name, partner_type = @partner_type, tier = @tier, industries = @industries, regions = @regions, competencies = @competencies, joined_at = @joined_at, domain = @domain, external_id = @external_id, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE partner_id = @partner_id
            """,
            Select: """
            -- index: partners_by_applied_at
            SELECT partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change
            FROM partners
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, partner_id
            """
        ),
        new(
            HistoryContract.Opportunities,
            Keys: """
            -- index: opportunities_key
            SELECT opportunity_id, fingerprint
            FROM opportunities
            ORDER BY opportunity_id
            """,
            Find: """
            -- index: opportunities_key
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, applied_at, closed_applied_at, is_change, fingerprint
            FROM opportunities
            WHERE opportunity_id = @opportunity_id
            ORDER BY opportunity_id
            """,
            Insert: """
            INSERT INTO opportunities (opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, applied_at, closed_applied_at, is_change, fingerprint)
            VALUES (@opportunity_id, @account_id, @product, @amount, @currency, @created_at, @expected_close_at, @closed_at, @outcome, @stage, @owner, @recorded_at, @attributes, @seen_at, @closed_seen_at, @applied_at, @closed_applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: opportunities_key
            UPDATE opportunities
            SET account_id = @account_id, product = @product, amount = @amount, currency = @currency, created_at = @created_at, expected_close_at = @expected_close_at, closed_at = @closed_at, outcome = @outcome, stage = @stage, owner = @owner, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, closed_seen_at = @closed_seen_at, applied_at = @applied_at, closed_applied_at = @closed_applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE opportunity_id = @opportunity_id
            """,
            Select: """
            -- index: opportunities_by_applied_at
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, applied_at, is_change
            FROM opportunities
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, opportunity_id
            """,
            SelectEnds: """
            -- index: opportunities_by_applied_at
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, closed_seen_at, closed_applied_at, is_change
            FROM opportunities
            WHERE closed_seen_at < @asOf AND closed_applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN closed_applied_at ELSE closed_seen_at END, opportunity_id
            """
        ),
        new(
            HistoryContract.Engagements,
            Keys: """
            -- index: engagements_key
            SELECT engagement_id, fingerprint
            FROM engagements
            ORDER BY engagement_id
            """,
            Find: """
            -- index: engagements_key
            SELECT engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM engagements
            WHERE engagement_id = @engagement_id
            ORDER BY engagement_id
            """,
            Insert: """
            INSERT INTO engagements (engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@engagement_id, @opportunity_id, @partner_id, @role, @started_at, @ended_at, @status, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: engagements_key
            UPDATE engagements
            SET opportunity_id = @opportunity_id, partner_id = @partner_id, role = @role, started_at = @started_at, ended_at = @ended_at, status = @status, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE engagement_id = @engagement_id
            """,
            Select: """
            -- index: engagements_by_applied_at
            SELECT engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change
            FROM engagements
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, engagement_id
            """
        ),
        new(
            HistoryContract.OpportunityStages,
            Keys: """
            -- index: opportunity_stages_key
            SELECT opportunity_id, stage, entered_at, fingerprint
            FROM opportunity_stages
            ORDER BY opportunity_id, stage, entered_at
            """,
            Find: """
            -- index: opportunity_stages_key
            SELECT opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM opportunity_stages
            WHERE opportunity_id = @opportunity_id AND stage = @stage AND entered_at = @entered_at
            ORDER BY opportunity_id, stage, entered_at
            """,
            Insert: """
            INSERT INTO opportunity_stages (opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@opportunity_id, @stage, @entered_at, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: opportunity_stages_key
            UPDATE opportunity_stages
            SET recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE opportunity_id = @opportunity_id AND stage = @stage AND entered_at = @entered_at
            """,
            Select: """
            -- index: opportunity_stages_by_applied_at
            SELECT opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM opportunity_stages
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, opportunity_id, stage, entered_at
            """
        ),
        new(
            HistoryContract.Touches,
            Keys: """
            -- index: touches_key
            SELECT touch_id, fingerprint
            FROM touches
            ORDER BY touch_id
            """,
            Find: """
            -- index: touches_key
            SELECT touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM touches
            WHERE touch_id = @touch_id
            ORDER BY touch_id
            """,
            Insert: """
            INSERT INTO touches (touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@touch_id, @account_id, @opportunity_id, @partner_id, @kind, @at, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: touches_key
            UPDATE touches
            SET account_id = @account_id, opportunity_id = @opportunity_id, partner_id = @partner_id, kind = @kind, at = @at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE touch_id = @touch_id
            """,
            Select: """
            -- index: touches_by_applied_at
            SELECT touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM touches
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, touch_id
            """
        ),
        new(
            HistoryContract.AccountOverlaps,
            Keys: """
            -- index: account_overlaps_key
            SELECT partner_id, account_id, population, since, fingerprint
            FROM account_overlaps
            ORDER BY partner_id, account_id, population, since
            """,
            Find: """
            -- index: account_overlaps_key
            SELECT partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM account_overlaps
            WHERE partner_id = @partner_id AND account_id = @account_id AND population = @population AND since = @since
            ORDER BY partner_id, account_id, population, since
            """,
            Insert: """
            INSERT INTO account_overlaps (partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@partner_id, @account_id, @population, @since, @contact_count, @contact_level, @until, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: account_overlaps_key
            UPDATE account_overlaps
            SET contact_count = @contact_count, contact_level = @contact_level, until = @until, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE partner_id = @partner_id AND account_id = @account_id AND population = @population AND since = @since
            """,
            Select: """
            -- index: account_overlaps_by_applied_at
            SELECT partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change
            FROM account_overlaps
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, partner_id, account_id, population, since
            """
        ),
        new(
            HistoryContract.DealRegistrations,
            Keys: """
            -- index: deal_registrations_key
            SELECT registration_id, fingerprint
            FROM deal_registrations
            ORDER BY registration_id
            """,
            Find: """
            -- index: deal_registrations_key
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, applied_at, decided_applied_at, is_change, fingerprint
            FROM deal_registrations
            WHERE registration_id = @registration_id
            ORDER BY registration_id
            """,
            Insert: """
            INSERT INTO deal_registrations (registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, applied_at, decided_applied_at, is_change, fingerprint)
            VALUES (@registration_id, @partner_id, @account_id, @product, @submitted_at, @status, @decided_at, @expires_at, @recorded_at, @attributes, @seen_at, @decided_seen_at, @applied_at, @decided_applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: deal_registrations_key
            UPDATE deal_registrations
            SET partner_id = @partner_id, account_id = @account_id, product = @product, submitted_at = @submitted_at, status = @status, decided_at = @decided_at, expires_at = @expires_at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, decided_seen_at = @decided_seen_at, applied_at = @applied_at, decided_applied_at = @decided_applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE registration_id = @registration_id
            """,
            Select: """
            -- index: deal_registrations_by_applied_at
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM deal_registrations
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, registration_id
            """,
            SelectEnds: """
            -- index: deal_registrations_by_applied_at
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, decided_seen_at, decided_applied_at, is_change
            FROM deal_registrations
            WHERE decided_seen_at < @asOf AND decided_applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN decided_applied_at ELSE decided_seen_at END, registration_id
            """
        ),
        new(
            HistoryContract.Assists,
            Keys: """
            -- index: assists_key
            SELECT assist_id, fingerprint
            FROM assists
            ORDER BY assist_id
            """,
            Find: """
            -- index: assists_key
            SELECT assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM assists
            WHERE assist_id = @assist_id
            ORDER BY assist_id
            """,
            Insert: """
            INSERT INTO assists (assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@assist_id, @partner_id, @direction, @account_id, @opportunity_id, @at, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: assists_key
            UPDATE assists
            SET partner_id = @partner_id, direction = @direction, account_id = @account_id, opportunity_id = @opportunity_id, at = @at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE assist_id = @assist_id
            """,
            Select: """
            -- index: assists_by_applied_at
            SELECT assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM assists
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, assist_id
            """
        ),
        new(
            HistoryContract.Certifications,
            Keys: """
            -- index: certifications_key
            SELECT partner_id, competency, earned_at, fingerprint
            FROM certifications
            ORDER BY partner_id, competency, earned_at
            """,
            Find: """
            -- index: certifications_key
            SELECT partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM certifications
            WHERE partner_id = @partner_id AND competency = @competency AND earned_at = @earned_at
            ORDER BY partner_id, competency, earned_at
            """,
            Insert: """
            INSERT INTO certifications (partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@partner_id, @competency, @earned_at, @expires_at, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: certifications_key
            UPDATE certifications
            SET expires_at = @expires_at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE partner_id = @partner_id AND competency = @competency AND earned_at = @earned_at
            """,
            Select: """
            -- index: certifications_by_applied_at
            SELECT partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM certifications
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, partner_id, competency, earned_at
            """
        ),
        new(
            HistoryContract.Feedback,
            Keys: """
            -- index: feedback_key
            SELECT feedback_id, fingerprint
            FROM feedback
            ORDER BY feedback_id
            """,
            Find: """
            -- index: feedback_key
            SELECT feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM feedback
            WHERE feedback_id = @feedback_id
            ORDER BY feedback_id
            """,
            Insert: """
            INSERT INTO feedback (feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (@feedback_id, @recommendation_id, @partner_id, @account_id, @opportunity_id, @event, @reason, @note, @at, @recorded_at, @attributes, @seen_at, @applied_at, @is_change, @fingerprint)
            """,
            Update: """
            -- index: feedback_key
            UPDATE feedback
            SET recommendation_id = @recommendation_id, partner_id = @partner_id, account_id = @account_id, opportunity_id = @opportunity_id, event = @event, reason = @reason, note = @note, at = @at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, applied_at = @applied_at, is_change = @is_change, fingerprint = @fingerprint
            WHERE feedback_id = @feedback_id
            """,
            Select: """
            -- index: feedback_by_applied_at
            SELECT feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change
            FROM feedback
            WHERE seen_at < @asOf AND applied_at < @appliedBefore
            ORDER BY CASE WHEN @live = 1 THEN applied_at ELSE seen_at END, feedback_id
            """
        ),
    ];
}
