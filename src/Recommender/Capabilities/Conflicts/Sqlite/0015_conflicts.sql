-- Conflicts on accounts, step by step.

CREATE TABLE conflict_steps (
    conflict_id TEXT NOT NULL,
    step TEXT NOT NULL,
    at TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts,
    kind TEXT NOT NULL,
    rule_id TEXT,
    rules_version REAL,
    holder_id TEXT,
    holder_claim TEXT,
    other_id TEXT,
    other_claim TEXT,
    since TEXT,
    sentence TEXT,
    evidence TEXT,
    decision TEXT,
    reason TEXT,
    done_by TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (conflict_id, step, at)
) WITHOUT ROWID;
CREATE INDEX conflict_steps_late ON conflict_steps (applied_at) WHERE seen_at < applied_at;
