-- The lists of partners, what is held of their records and our accounts, and what may be seen of them.

CREATE TABLE partner_accounts (
    partner_id TEXT NOT NULL REFERENCES partners,
    record_id TEXT NOT NULL,
    name TEXT,
    domain TEXT,
    country TEXT,
    region TEXT,
    population TEXT NOT NULL,
    contact_count REAL,
    contact_level TEXT,
    since TEXT,
    until TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id, record_id)
) WITHOUT ROWID;
CREATE INDEX partner_accounts_late ON partner_accounts (applied_at) WHERE seen_at < applied_at;

CREATE TABLE account_matches (
    partner_id TEXT NOT NULL REFERENCES partners,
    record_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts,
    state TEXT NOT NULL,
    probability REAL,
    agrees TEXT,
    differs TEXT,
    population TEXT,
    overlap_since TEXT,
    decided_by TEXT,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id, record_id, account_id)
) WITHOUT ROWID;
CREATE INDEX account_matches_late ON account_matches (applied_at) WHERE seen_at < applied_at;

CREATE TABLE partner_sharing (
    partner_id TEXT NOT NULL REFERENCES partners,
    mode TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id)
) WITHOUT ROWID;
CREATE INDEX partner_sharing_late ON partner_sharing (applied_at) WHERE seen_at < applied_at;
