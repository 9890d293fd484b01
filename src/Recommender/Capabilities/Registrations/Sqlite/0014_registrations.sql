-- What became of registrations, step by step, and which of them holds an account for a product: the key lets one.

CREATE TABLE registration_steps (
    registration_id TEXT NOT NULL REFERENCES deal_registrations,
    step TEXT NOT NULL,
    at TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners,
    account_id TEXT NOT NULL REFERENCES accounts,
    done_by TEXT,
    until TEXT,
    amount REAL,
    currency TEXT,
    evidence TEXT,
    ground TEXT,
    note TEXT,
    verdict TEXT,
    codes TEXT,
    trace TEXT,
    opportunity_id TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (registration_id, step, at)
) WITHOUT ROWID;
CREATE INDEX registration_steps_late ON registration_steps (applied_at) WHERE seen_at < applied_at;

CREATE TABLE registration_holds (
    account_id TEXT NOT NULL REFERENCES accounts,
    product TEXT NOT NULL,
    registration_id TEXT NOT NULL REFERENCES deal_registrations,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (account_id, product)
) WITHOUT ROWID;
CREATE INDEX registration_holds_late ON registration_holds (applied_at) WHERE seen_at < applied_at;
