using Recommender.CoSell;

namespace Recommender.History;

/// <summary>What SQL Server does with a whole table at a time.</summary>
/// <param name="Table">The table.</param>
/// <param name="Stage">Makes an empty staging table for this session, with the columns of <see cref="RowCommand.Names"/>.</param>
/// <param name="Merge">Takes the staged rows in: new keys are added, known ones replaced.</param>
/// <param name="Changes">Rows changed since @since, in the columns of <see cref="TableStatements.Find"/>.</param>
sealed record SqlServerTableStatements(HistoryTable Table, string Stage, string Merge, string Changes);

/// <summary>T-SQL of the history that SQLite has no need of.</summary>
static class SqlServerHistorySql
{
    public static IReadOnlyList<SqlServerTableStatements> All { get; } =
    [
        new(
            HistoryContract.Accounts,
            Stage: """
            SELECT TOP (0) account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_accounts
            FROM accounts
            """,
            Merge: """
            -- index: accounts_key
            MERGE accounts WITH (HOLDLOCK) AS target
            USING #staged_accounts AS source ON target.account_id = source.account_id
            WHEN MATCHED THEN UPDATE SET name = source.name, industry = source.industry, country = source.country, region = source.region, employee_count = source.employee_count, annual_revenue = source.annual_revenue, created_at = source.created_at, domain = source.domain, external_id = source.external_id, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.account_id, source.name, source.industry, source.country, source.region, source.employee_count, source.annual_revenue, source.created_at, source.domain, source.external_id, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: accounts_by_change
            SELECT account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM accounts
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Partners,
            Stage: """
            SELECT TOP (0) partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_partners
            FROM partners
            """,
            Merge: """
            -- index: partners_key
            MERGE partners WITH (HOLDLOCK) AS target
            USING #staged_partners AS source ON target.partner_id = source.partner_id
            WHEN MATCHED THEN UPDATE SET name = source.name, partner_type = source.partner_type, tier = source.tier, industries = source.industries, regions = source.regions, competencies = source.competencies, joined_at = source.joined_at, domain = source.domain, external_id = source.external_id, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.partner_id, source.name, source.partner_type, source.tier, source.industries, source.regions, source.competencies, source.joined_at, source.domain, source.external_id, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: partners_by_change
            SELECT partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM partners
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Opportunities,
            Stage: """
            SELECT TOP (0) opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, applied_at, closed_applied_at, is_change, fingerprint
            INTO #staged_opportunities
            FROM opportunities
            """,
            Merge: """
            -- index: opportunities_key
            MERGE opportunities WITH (HOLDLOCK) AS target
            USING #staged_opportunities AS source ON target.opportunity_id = source.opportunity_id
            WHEN MATCHED THEN UPDATE SET account_id = source.account_id, product = source.product, amount = source.amount, currency = source.currency, created_at = source.created_at, expected_close_at = source.expected_close_at, closed_at = source.closed_at, outcome = source.outcome, stage = source.stage, owner = source.owner, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, closed_seen_at = source.closed_seen_at, applied_at = source.applied_at, closed_applied_at = source.closed_applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, applied_at, closed_applied_at, is_change, fingerprint)
            VALUES (source.opportunity_id, source.account_id, source.product, source.amount, source.currency, source.created_at, source.expected_close_at, source.closed_at, source.outcome, source.stage, source.owner, source.recorded_at, source.attributes, source.seen_at, source.closed_seen_at, source.applied_at, source.closed_applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: opportunities_by_change
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, applied_at, closed_applied_at, is_change, fingerprint
            FROM opportunities
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Engagements,
            Stage: """
            SELECT TOP (0) engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_engagements
            FROM engagements
            """,
            Merge: """
            -- index: engagements_key
            MERGE engagements WITH (HOLDLOCK) AS target
            USING #staged_engagements AS source ON target.engagement_id = source.engagement_id
            WHEN MATCHED THEN UPDATE SET opportunity_id = source.opportunity_id, partner_id = source.partner_id, role = source.role, started_at = source.started_at, ended_at = source.ended_at, status = source.status, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.engagement_id, source.opportunity_id, source.partner_id, source.role, source.started_at, source.ended_at, source.status, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: engagements_by_change
            SELECT engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM engagements
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.OpportunityStages,
            Stage: """
            SELECT TOP (0) opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_opportunity_stages
            FROM opportunity_stages
            """,
            Merge: """
            -- index: opportunity_stages_key
            MERGE opportunity_stages WITH (HOLDLOCK) AS target
            USING #staged_opportunity_stages AS source ON target.opportunity_id = source.opportunity_id AND target.stage = source.stage AND target.entered_at = source.entered_at
            WHEN MATCHED THEN UPDATE SET recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.opportunity_id, source.stage, source.entered_at, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: opportunity_stages_by_change
            SELECT opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM opportunity_stages
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Touches,
            Stage: """
            SELECT TOP (0) touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_touches
            FROM touches
            """,
            Merge: """
            -- index: touches_key
            MERGE touches WITH (HOLDLOCK) AS target
            USING #staged_touches AS source ON target.touch_id = source.touch_id
            WHEN MATCHED THEN UPDATE SET account_id = source.account_id, opportunity_id = source.opportunity_id, partner_id = source.partner_id, kind = source.kind, at = source.at, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.touch_id, source.account_id, source.opportunity_id, source.partner_id, source.kind, source.at, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: touches_by_change
            SELECT touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM touches
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.AccountOverlaps,
            Stage: """
            SELECT TOP (0) partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_account_overlaps
            FROM account_overlaps
            """,
            Merge: """
            -- index: account_overlaps_key
            MERGE account_overlaps WITH (HOLDLOCK) AS target
            USING #staged_account_overlaps AS source ON target.partner_id = source.partner_id AND target.account_id = source.account_id AND target.population = source.population AND target.since = source.since
            WHEN MATCHED THEN UPDATE SET contact_count = source.contact_count, contact_level = source.contact_level, until = source.until, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.partner_id, source.account_id, source.population, source.since, source.contact_count, source.contact_level, source.until, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: account_overlaps_by_change
            SELECT partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM account_overlaps
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.DealRegistrations,
            Stage: """
            SELECT TOP (0) registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, applied_at, decided_applied_at, is_change, fingerprint
            INTO #staged_deal_registrations
            FROM deal_registrations
            """,
            Merge: """
            -- index: deal_registrations_key
            MERGE deal_registrations WITH (HOLDLOCK) AS target
            USING #staged_deal_registrations AS source ON target.registration_id = source.registration_id
            WHEN MATCHED THEN UPDATE SET partner_id = source.partner_id, account_id = source.account_id, product = source.product, submitted_at = source.submitted_at, status = source.status, decided_at = source.decided_at, expires_at = source.expires_at, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, decided_seen_at = source.decided_seen_at, applied_at = source.applied_at, decided_applied_at = source.decided_applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, applied_at, decided_applied_at, is_change, fingerprint)
            VALUES (source.registration_id, source.partner_id, source.account_id, source.product, source.submitted_at, source.status, source.decided_at, source.expires_at, source.recorded_at, source.attributes, source.seen_at, source.decided_seen_at, source.applied_at, source.decided_applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: deal_registrations_by_change
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, applied_at, decided_applied_at, is_change, fingerprint
            FROM deal_registrations
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Assists,
            Stage: """
            SELECT TOP (0) assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_assists
            FROM assists
            """,
            Merge: """
            -- index: assists_key
            MERGE assists WITH (HOLDLOCK) AS target
            USING #staged_assists AS source ON target.assist_id = source.assist_id
            WHEN MATCHED THEN UPDATE SET partner_id = source.partner_id, direction = source.direction, account_id = source.account_id, opportunity_id = source.opportunity_id, at = source.at, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.assist_id, source.partner_id, source.direction, source.account_id, source.opportunity_id, source.at, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: assists_by_change
            SELECT assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM assists
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Certifications,
            Stage: """
            SELECT TOP (0) partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_certifications
            FROM certifications
            """,
            Merge: """
            -- index: certifications_key
            MERGE certifications WITH (HOLDLOCK) AS target
            USING #staged_certifications AS source ON target.partner_id = source.partner_id AND target.competency = source.competency AND target.earned_at = source.earned_at
            WHEN MATCHED THEN UPDATE SET expires_at = source.expires_at, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.partner_id, source.competency, source.earned_at, source.expires_at, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: certifications_by_change
            SELECT partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM certifications
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
        new(
            HistoryContract.Feedback,
            Stage: """
            SELECT TOP (0) feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            INTO #staged_feedback
            FROM feedback
            """,
            Merge: """
            -- index: feedback_key
            MERGE feedback WITH (HOLDLOCK) AS target
            USING #staged_feedback AS source ON target.feedback_id = source.feedback_id
            WHEN MATCHED THEN UPDATE SET recommendation_id = source.recommendation_id, partner_id = source.partner_id, account_id = source.account_id, opportunity_id = source.opportunity_id, event = source.event, reason = source.reason, note = source.note, at = source.at, recorded_at = source.recorded_at, attributes = source.attributes, seen_at = source.seen_at, applied_at = source.applied_at, is_change = source.is_change, fingerprint = source.fingerprint
            WHEN NOT MATCHED THEN INSERT (feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
            VALUES (source.feedback_id, source.recommendation_id, source.partner_id, source.account_id, source.opportunity_id, source.event, source.reason, source.note, source.at, source.recorded_at, source.attributes, source.seen_at, source.applied_at, source.is_change, source.fingerprint);
            """,
            Changes: """
            -- index: feedback_by_change
            SELECT feedback_id, recommendation_id, partner_id, account_id, opportunity_id, event, reason, note, at, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
            FROM feedback
            WHERE change_version > CONVERT(binary(8), @since)
            ORDER BY change_version
            """
        ),
    ];
}
