-- Leads, our own people who sell, what became of leads, and how they are routed.

CREATE TABLE leads (
    lead_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT REFERENCES accounts,
    name TEXT,
    domain TEXT,
    country TEXT,
    region TEXT,
    product TEXT,
    amount REAL,
    currency TEXT,
    source TEXT,
    partner_id TEXT REFERENCES partners,
    owner TEXT,
    may_share TEXT,
    created_at TEXT NOT NULL,
    opportunity_id TEXT REFERENCES opportunities,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX leads_late ON leads (applied_at) WHERE seen_at < applied_at;

CREATE TABLE reps (
    rep_id TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    regions TEXT,
    industries TEXT,
    products TEXT,
    open_leads REAL,
    time_zone TEXT,
    left_at TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reps_late ON reps (applied_at) WHERE seen_at < applied_at;

CREATE TABLE lead_steps (
    lead_id TEXT NOT NULL REFERENCES leads,
    offer TEXT NOT NULL,
    step TEXT NOT NULL,
    at TEXT NOT NULL,
    account_id TEXT REFERENCES accounts,
    assignee_type TEXT NOT NULL,
    partner_id TEXT REFERENCES partners,
    person TEXT,
    until TEXT,
    reason TEXT,
    note TEXT,
    done_by TEXT,
    probability REAL,
    policy_version REAL,
    rules_version REAL,
    trace TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (lead_id, offer, step)
) WITHOUT ROWID;
CREATE INDEX lead_steps_late ON lead_steps (applied_at) WHERE seen_at < applied_at;

CREATE TABLE routing_policies (
    version TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    body TEXT,
    done_by TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX routing_policies_late ON routing_policies (applied_at) WHERE seen_at < applied_at;
