-- The history contract as tables. Instants are ISO 8601 text in UTC to the millisecond, which sorts as time does.
-- seen_at is the later of when a fact was true and when it was recorded.

CREATE TABLE accounts (
    account_id TEXT NOT NULL,
    name TEXT,
    industry TEXT,
    country TEXT,
    region TEXT,
    employee_count REAL,
    annual_revenue REAL,
    created_at TEXT,
    domain TEXT,
    external_id TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (account_id)
) WITHOUT ROWID;

CREATE TABLE partners (
    partner_id TEXT NOT NULL,
    name TEXT,
    partner_type TEXT,
    tier TEXT,
    industries TEXT,
    regions TEXT,
    competencies TEXT,
    joined_at TEXT,
    domain TEXT,
    external_id TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id)
) WITHOUT ROWID;

CREATE TABLE opportunities (
    opportunity_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts,
    product TEXT,
    amount REAL,
    currency TEXT,
    created_at TEXT NOT NULL,
    expected_close_at TEXT,
    closed_at TEXT,
    outcome TEXT,
    stage TEXT,
    owner TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    closed_seen_at TEXT,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (opportunity_id)
) WITHOUT ROWID;

CREATE TABLE engagements (
    engagement_id TEXT NOT NULL,
    opportunity_id TEXT NOT NULL REFERENCES opportunities,
    partner_id TEXT NOT NULL REFERENCES partners,
    role TEXT,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    status TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (engagement_id)
) WITHOUT ROWID;

CREATE TABLE opportunity_stages (
    opportunity_id TEXT NOT NULL REFERENCES opportunities,
    stage TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (opportunity_id, stage, entered_at)
) WITHOUT ROWID;

CREATE TABLE touches (
    touch_id TEXT NOT NULL,
    account_id TEXT REFERENCES accounts,
    opportunity_id TEXT REFERENCES opportunities,
    partner_id TEXT REFERENCES partners,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (touch_id)
) WITHOUT ROWID;

CREATE TABLE account_overlaps (
    partner_id TEXT NOT NULL REFERENCES partners,
    account_id TEXT NOT NULL REFERENCES accounts,
    population TEXT NOT NULL,
    since TEXT NOT NULL,
    contact_count REAL,
    contact_level TEXT,
    until TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id, account_id, population, since)
) WITHOUT ROWID;

CREATE TABLE deal_registrations (
    registration_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners,
    account_id TEXT NOT NULL REFERENCES accounts,
    product TEXT,
    submitted_at TEXT NOT NULL,
    status TEXT,
    decided_at TEXT,
    expires_at TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    decided_seen_at TEXT,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (registration_id)
) WITHOUT ROWID;

CREATE TABLE assists (
    assist_id TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners,
    direction TEXT NOT NULL,
    account_id TEXT REFERENCES accounts,
    opportunity_id TEXT REFERENCES opportunities,
    at TEXT NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (assist_id)
) WITHOUT ROWID;

CREATE TABLE certifications (
    partner_id TEXT NOT NULL REFERENCES partners,
    competency TEXT NOT NULL,
    earned_at TEXT NOT NULL,
    expires_at TEXT,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (partner_id, competency, earned_at)
) WITHOUT ROWID;

CREATE TABLE rejected_rows (
    rejected_row_id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    found TEXT NOT NULL,
    expected TEXT NOT NULL
);
