CREATE TABLE visits (
    visit_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners,
    account_id TEXT NOT NULL REFERENCES accounts,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (visit_id)
) WITHOUT ROWID;
