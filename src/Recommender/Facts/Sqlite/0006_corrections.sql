-- Rows can be corrected, merged and deleted: each earlier version says until when it held.

ALTER TABLE superseded_facts ADD COLUMN until_applied_at TEXT;
ALTER TABLE superseded_facts ADD COLUMN until_seen_at TEXT;

UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (
    SELECT next.applied_at, next.seen_at
    FROM superseded_facts next
    WHERE next.table_name = superseded_facts.table_name AND next.row_key = superseded_facts.row_key AND next.is_end = 0
      AND next.applied_at > superseded_facts.applied_at
    ORDER BY next.applied_at
    LIMIT 1
);
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM accounts WHERE account_id = superseded_facts.row_key)
WHERE table_name = 'accounts' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM partners WHERE partner_id = superseded_facts.row_key)
WHERE table_name = 'partners' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM opportunities WHERE opportunity_id = superseded_facts.row_key)
WHERE table_name = 'opportunities' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM engagements WHERE engagement_id = superseded_facts.row_key)
WHERE table_name = 'engagements' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM opportunity_stages WHERE opportunity_id || char(31) || stage || char(31) || entered_at = superseded_facts.row_key)
WHERE table_name = 'opportunity_stages' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM touches WHERE touch_id = superseded_facts.row_key)
WHERE table_name = 'touches' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM account_overlaps WHERE partner_id || char(31) || account_id || char(31) || population || char(31) || since = superseded_facts.row_key)
WHERE table_name = 'account_overlaps' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM deal_registrations WHERE registration_id = superseded_facts.row_key)
WHERE table_name = 'deal_registrations' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM assists WHERE assist_id = superseded_facts.row_key)
WHERE table_name = 'assists' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM certifications WHERE partner_id || char(31) || competency || char(31) || earned_at = superseded_facts.row_key)
WHERE table_name = 'certifications' AND until_applied_at IS NULL;
UPDATE superseded_facts
SET (until_applied_at, until_seen_at) = (SELECT applied_at, seen_at FROM feedback WHERE feedback_id = superseded_facts.row_key)
WHERE table_name = 'feedback' AND until_applied_at IS NULL;

CREATE TABLE deletions (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    row_fingerprint INTEGER,
    PRIMARY KEY ("table", "key", at)
) WITHOUT ROWID;

CREATE TABLE aliases (
    old_id TEXT NOT NULL,
    "table" TEXT NOT NULL,
    new_id TEXT NOT NULL,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (old_id, "table")
) WITHOUT ROWID;

CREATE TABLE field_changes (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "column" TEXT NOT NULL,
    at TEXT NOT NULL,
    "value" TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY ("table", "key", "column", at)
) WITHOUT ROWID;
