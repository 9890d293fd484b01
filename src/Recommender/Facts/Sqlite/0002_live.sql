-- What a running service adds: rows that arrive one by one, each version kept, and the order in which a live fold took them in.
-- applied_at is seen_at, or the moment of arrival if a row came later than that; facts of an import are applied as they were seen.

ALTER TABLE accounts ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET applied_at = seen_at;

ALTER TABLE partners ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE partners ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE partners SET applied_at = seen_at;

ALTER TABLE opportunities ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE opportunities ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE opportunities SET applied_at = seen_at;
ALTER TABLE opportunities ADD COLUMN closed_applied_at TEXT;
UPDATE opportunities SET closed_applied_at = closed_seen_at;

ALTER TABLE engagements ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE engagements ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE engagements SET applied_at = seen_at;

ALTER TABLE opportunity_stages ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE opportunity_stages ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE opportunity_stages SET applied_at = seen_at;

ALTER TABLE touches ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE touches ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE touches SET applied_at = seen_at;

ALTER TABLE account_overlaps ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE account_overlaps ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE account_overlaps SET applied_at = seen_at;

ALTER TABLE deal_registrations ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE deal_registrations ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE deal_registrations SET applied_at = seen_at;
ALTER TABLE deal_registrations ADD COLUMN decided_applied_at TEXT;
UPDATE deal_registrations SET decided_applied_at = decided_seen_at;

ALTER TABLE assists ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE assists ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE assists SET applied_at = seen_at;

ALTER TABLE certifications ADD COLUMN applied_at TEXT NOT NULL DEFAULT '';
ALTER TABLE certifications ADD COLUMN is_change INTEGER NOT NULL DEFAULT 0;
UPDATE certifications SET applied_at = seen_at;

CREATE TABLE feedback (
    feedback_id TEXT NOT NULL,
    recommendation_id TEXT,
    partner_id TEXT NOT NULL REFERENCES partners,
    account_id TEXT NOT NULL REFERENCES accounts,
    opportunity_id TEXT REFERENCES opportunities,
    event TEXT NOT NULL,
    reason TEXT,
    note TEXT,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (feedback_id)
) WITHOUT ROWID;

CREATE INDEX accounts_by_external_id ON accounts (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX partners_by_external_id ON partners (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE superseded_facts (
    table_name TEXT NOT NULL,
    is_end INTEGER NOT NULL,
    row_key TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    row_values TEXT NOT NULL,
    attributes TEXT,
    PRIMARY KEY (table_name, is_end, row_key, applied_at)
) WITHOUT ROWID;

-- Counts the imports into a history: what was recommended before one cannot be computed again to the bit.
CREATE TABLE history_epochs (
    epoch INTEGER PRIMARY KEY,
    imported_at TEXT NOT NULL
);
