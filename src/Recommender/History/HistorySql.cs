namespace Recommender.History;

/// <summary>The statements of one history table, portable to both engines.</summary>
/// <param name="Table">The table.</param>
/// <param name="Keys">Key and fingerprint of every row.</param>
/// <param name="Insert">Adds a row.</param>
/// <param name="Update">Replaces a row that has the key.</param>
/// <param name="Select">Rows seen strictly before @asOf, in the order in which they were seen.</param>
/// <param name="SelectEnds">Rows whose second fact was seen strictly before @asOf, in that order; null if the table states one fact a row.</param>
sealed record TableStatements(
    HistoryTable Table,
    string Keys,
    string Insert,
    string Update,
    string Select,
    string? SelectEnds = null
);

/// <summary>SQL of the history, one text per statement.</summary>
static class HistorySql
{
    public static IReadOnlyList<TableStatements> All { get; } =
    [
        new(
            HistoryContract.Accounts,
            Keys: """
            SELECT account_id, fingerprint
            FROM accounts
            ORDER BY account_id
            """,
            Insert: """
            INSERT INTO accounts (account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@account_id, @name, @industry, @country, @region, @employee_count, @annual_revenue, @created_at, @domain, @external_id, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE accounts
            SET name = @name, industry = @industry, country = @country, region = @region, employee_count = @employee_count, annual_revenue = @annual_revenue, created_at = @created_at, domain = @domain, external_id = @external_id, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE account_id = @account_id
            """,
            Select: """
            SELECT account_id, name, industry, country, region, employee_count, annual_revenue, created_at, domain, external_id, recorded_at, attributes
            FROM accounts
            WHERE seen_at < @asOf
            ORDER BY seen_at, account_id
            """
        ),
        new(
            HistoryContract.Partners,
            Keys: """
            SELECT partner_id, fingerprint
            FROM partners
            ORDER BY partner_id
            """,
            Insert: """
            INSERT INTO partners (partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@partner_id, @name, @partner_type, @tier, @industries, @regions, @competencies, @joined_at, @domain, @external_id, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE partners
            SET name = @name, partner_type = @partner_type, tier = @tier, industries = @industries, regions = @regions, competencies = @competencies, joined_at = @joined_at, domain = @domain, external_id = @external_id, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE partner_id = @partner_id
            """,
            Select: """
            SELECT partner_id, name, partner_type, tier, industries, regions, competencies, joined_at, domain, external_id, recorded_at, attributes
            FROM partners
            WHERE seen_at < @asOf
            ORDER BY seen_at, partner_id
            """
        ),
        new(
            HistoryContract.Opportunities,
            Keys: """
            SELECT opportunity_id, fingerprint
            FROM opportunities
            ORDER BY opportunity_id
            """,
            Insert: """
            INSERT INTO opportunities (opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes, seen_at, closed_seen_at, fingerprint)
            VALUES (@opportunity_id, @account_id, @product, @amount, @currency, @created_at, @expected_close_at, @closed_at, @outcome, @stage, @owner, @recorded_at, @attributes, @seen_at, @closed_seen_at, @fingerprint)
            """,
            Update: """
            UPDATE opportunities
            SET account_id = @account_id, product = @product, amount = @amount, currency = @currency, created_at = @created_at, expected_close_at = @expected_close_at, closed_at = @closed_at, outcome = @outcome, stage = @stage, owner = @owner, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, closed_seen_at = @closed_seen_at, fingerprint = @fingerprint
            WHERE opportunity_id = @opportunity_id
            """,
            Select: """
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes
            FROM opportunities
            WHERE seen_at < @asOf
            ORDER BY seen_at, opportunity_id
            """,
            SelectEnds: """
            SELECT opportunity_id, account_id, product, amount, currency, created_at, expected_close_at, closed_at, outcome, stage, owner, recorded_at, attributes
            FROM opportunities
            WHERE closed_seen_at < @asOf
            ORDER BY closed_seen_at, opportunity_id
            """
        ),
        new(
            HistoryContract.Engagements,
            Keys: """
            SELECT engagement_id, fingerprint
            FROM engagements
            ORDER BY engagement_id
            """,
            Insert: """
            INSERT INTO engagements (engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@engagement_id, @opportunity_id, @partner_id, @role, @started_at, @ended_at, @status, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE engagements
            SET opportunity_id = @opportunity_id, partner_id = @partner_id, role = @role, started_at = @started_at, ended_at = @ended_at, status = @status, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE engagement_id = @engagement_id
            """,
            Select: """
            SELECT engagement_id, opportunity_id, partner_id, role, started_at, ended_at, status, recorded_at, attributes
            FROM engagements
            WHERE seen_at < @asOf
            ORDER BY seen_at, engagement_id
            """
        ),
        new(
            HistoryContract.OpportunityStages,
            Keys: """
            SELECT opportunity_id, stage, entered_at, fingerprint
            FROM opportunity_stages
            ORDER BY opportunity_id, stage, entered_at
            """,
            Insert: """
            INSERT INTO opportunity_stages (opportunity_id, stage, entered_at, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@opportunity_id, @stage, @entered_at, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE opportunity_stages
            SET recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE opportunity_id = @opportunity_id AND stage = @stage AND entered_at = @entered_at
            """,
            Select: """
            SELECT opportunity_id, stage, entered_at, recorded_at, attributes
            FROM opportunity_stages
            WHERE seen_at < @asOf
            ORDER BY seen_at, opportunity_id, stage, entered_at
            """
        ),
        new(
            HistoryContract.Touches,
            Keys: """
            SELECT touch_id, fingerprint
            FROM touches
            ORDER BY touch_id
            """,
            Insert: """
            INSERT INTO touches (touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@touch_id, @account_id, @opportunity_id, @partner_id, @kind, @at, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE touches
            SET account_id = @account_id, opportunity_id = @opportunity_id, partner_id = @partner_id, kind = @kind, at = @at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE touch_id = @touch_id
            """,
            Select: """
            SELECT touch_id, account_id, opportunity_id, partner_id, kind, at, recorded_at, attributes
            FROM touches
            WHERE seen_at < @asOf
            ORDER BY seen_at, touch_id
            """
        ),
        new(
            HistoryContract.AccountOverlaps,
            Keys: """
            SELECT partner_id, account_id, population, since, fingerprint
            FROM account_overlaps
            ORDER BY partner_id, account_id, population, since
            """,
            Insert: """
            INSERT INTO account_overlaps (partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@partner_id, @account_id, @population, @since, @contact_count, @contact_level, @until, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE account_overlaps
            SET contact_count = @contact_count, contact_level = @contact_level, until = @until, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE partner_id = @partner_id AND account_id = @account_id AND population = @population AND since = @since
            """,
            Select: """
            SELECT partner_id, account_id, population, since, contact_count, contact_level, until, recorded_at, attributes
            FROM account_overlaps
            WHERE seen_at < @asOf
            ORDER BY seen_at, partner_id, account_id, population, since
            """
        ),
        new(
            HistoryContract.DealRegistrations,
            Keys: """
            SELECT registration_id, fingerprint
            FROM deal_registrations
            ORDER BY registration_id
            """,
            Insert: """
            INSERT INTO deal_registrations (registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes, seen_at, decided_seen_at, fingerprint)
            VALUES (@registration_id, @partner_id, @account_id, @product, @submitted_at, @status, @decided_at, @expires_at, @recorded_at, @attributes, @seen_at, @decided_seen_at, @fingerprint)
            """,
            Update: """
            UPDATE deal_registrations
            SET partner_id = @partner_id, account_id = @account_id, product = @product, submitted_at = @submitted_at, status = @status, decided_at = @decided_at, expires_at = @expires_at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, decided_seen_at = @decided_seen_at, fingerprint = @fingerprint
            WHERE registration_id = @registration_id
            """,
            Select: """
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes
            FROM deal_registrations
            WHERE seen_at < @asOf
            ORDER BY seen_at, registration_id
            """,
            SelectEnds: """
            SELECT registration_id, partner_id, account_id, product, submitted_at, status, decided_at, expires_at, recorded_at, attributes
            FROM deal_registrations
            WHERE decided_seen_at < @asOf
            ORDER BY decided_seen_at, registration_id
            """
        ),
        new(
            HistoryContract.Assists,
            Keys: """
            SELECT assist_id, fingerprint
            FROM assists
            ORDER BY assist_id
            """,
            Insert: """
            INSERT INTO assists (assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@assist_id, @partner_id, @direction, @account_id, @opportunity_id, @at, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE assists
            SET partner_id = @partner_id, direction = @direction, account_id = @account_id, opportunity_id = @opportunity_id, at = @at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE assist_id = @assist_id
            """,
            Select: """
            SELECT assist_id, partner_id, direction, account_id, opportunity_id, at, recorded_at, attributes
            FROM assists
            WHERE seen_at < @asOf
            ORDER BY seen_at, assist_id
            """
        ),
        new(
            HistoryContract.Certifications,
            Keys: """
            SELECT partner_id, competency, earned_at, fingerprint
            FROM certifications
            ORDER BY partner_id, competency, earned_at
            """,
            Insert: """
            INSERT INTO certifications (partner_id, competency, earned_at, expires_at, recorded_at, attributes, seen_at, fingerprint)
            VALUES (@partner_id, @competency, @earned_at, @expires_at, @recorded_at, @attributes, @seen_at, @fingerprint)
            """,
            Update: """
            UPDATE certifications
            SET expires_at = @expires_at, recorded_at = @recorded_at, attributes = @attributes, seen_at = @seen_at, fingerprint = @fingerprint
            WHERE partner_id = @partner_id AND competency = @competency AND earned_at = @earned_at
            """,
            Select: """
            SELECT partner_id, competency, earned_at, expires_at, recorded_at, attributes
            FROM certifications
            WHERE seen_at < @asOf
            ORDER BY seen_at, partner_id, competency, earned_at
            """
        ),
    ];
}
