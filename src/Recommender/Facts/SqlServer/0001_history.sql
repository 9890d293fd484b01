-- The history contract as tables. Instants are UTC to the millisecond; seen_at is the later of when a fact was true and when it was
-- recorded; applied_at is seen_at, or the moment of arrival if a row came later. Rows lie in the order in which a service took them in,
-- which is the order in which they are read. Text compares by code point, as .NET and SQLite compare it. change_version grows with every
-- change: a replica asks for what is beyond the last it knows.

CREATE TABLE accounts (
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    industry nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    country nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    region nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    employee_count decimal(19, 4) NULL,
    annual_revenue decimal(19, 4) NULL,
    created_at datetimeoffset(3) NULL,
    domain nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    external_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT accounts_key PRIMARY KEY NONCLUSTERED (account_id)
);
CREATE UNIQUE CLUSTERED INDEX accounts_by_applied_at ON accounts (applied_at, account_id);
CREATE UNIQUE INDEX accounts_by_change ON accounts (change_version);

CREATE TABLE partners (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    partner_type nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    tier nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    industries nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    regions nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    competencies nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    joined_at datetimeoffset(3) NULL,
    domain nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    external_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT partners_key PRIMARY KEY NONCLUSTERED (partner_id)
);
CREATE UNIQUE CLUSTERED INDEX partners_by_applied_at ON partners (applied_at, partner_id);
CREATE UNIQUE INDEX partners_by_change ON partners (change_version);

CREATE TABLE opportunities (
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT opportunities_account_id_known REFERENCES accounts,
    product nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    amount decimal(19, 4) NULL,
    currency nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    created_at datetimeoffset(3) NOT NULL,
    expected_close_at datetimeoffset(3) NULL,
    closed_at datetimeoffset(3) NULL,
    outcome nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    stage nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    owner nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    closed_seen_at datetimeoffset(3) NULL,
    applied_at datetimeoffset(3) NOT NULL,
    closed_applied_at datetimeoffset(3) NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT opportunities_key PRIMARY KEY NONCLUSTERED (opportunity_id)
);
CREATE UNIQUE CLUSTERED INDEX opportunities_by_applied_at ON opportunities (applied_at, opportunity_id);
CREATE UNIQUE INDEX opportunities_by_change ON opportunities (change_version);

CREATE TABLE engagements (
    engagement_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT engagements_opportunity_id_known REFERENCES opportunities,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT engagements_partner_id_known REFERENCES partners,
    role nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    started_at datetimeoffset(3) NOT NULL,
    ended_at datetimeoffset(3) NULL,
    status nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT engagements_key PRIMARY KEY NONCLUSTERED (engagement_id)
);
CREATE UNIQUE CLUSTERED INDEX engagements_by_applied_at ON engagements (applied_at, engagement_id);
CREATE UNIQUE INDEX engagements_by_change ON engagements (change_version);

CREATE TABLE opportunity_stages (
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT opportunity_stages_opportunity_id_known REFERENCES opportunities,
    stage nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    entered_at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT opportunity_stages_key PRIMARY KEY NONCLUSTERED (opportunity_id, stage, entered_at)
);
CREATE UNIQUE CLUSTERED INDEX opportunity_stages_by_applied_at ON opportunity_stages (applied_at, opportunity_id, stage, entered_at);
CREATE UNIQUE INDEX opportunity_stages_by_change ON opportunity_stages (change_version);

CREATE TABLE touches (
    touch_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT touches_account_id_known REFERENCES accounts,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT touches_opportunity_id_known REFERENCES opportunities,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT touches_partner_id_known REFERENCES partners,
    kind nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT touches_key PRIMARY KEY NONCLUSTERED (touch_id)
);
CREATE UNIQUE CLUSTERED INDEX touches_by_applied_at ON touches (applied_at, touch_id);
CREATE UNIQUE INDEX touches_by_change ON touches (change_version);

CREATE TABLE account_overlaps (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT account_overlaps_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT account_overlaps_account_id_known REFERENCES accounts,
    population nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    since datetimeoffset(3) NOT NULL,
    contact_count decimal(19, 4) NULL,
    contact_level nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    until datetimeoffset(3) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT account_overlaps_key PRIMARY KEY NONCLUSTERED (partner_id, account_id, population, since)
);
CREATE UNIQUE CLUSTERED INDEX account_overlaps_by_applied_at ON account_overlaps (applied_at, partner_id, account_id, population, since);
CREATE UNIQUE INDEX account_overlaps_by_change ON account_overlaps (change_version);

CREATE TABLE deal_registrations (
    registration_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT deal_registrations_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT deal_registrations_account_id_known REFERENCES accounts,
    product nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    submitted_at datetimeoffset(3) NOT NULL,
    status nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    decided_at datetimeoffset(3) NULL,
    expires_at datetimeoffset(3) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    decided_seen_at datetimeoffset(3) NULL,
    applied_at datetimeoffset(3) NOT NULL,
    decided_applied_at datetimeoffset(3) NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT deal_registrations_key PRIMARY KEY NONCLUSTERED (registration_id)
);
CREATE UNIQUE CLUSTERED INDEX deal_registrations_by_applied_at ON deal_registrations (applied_at, registration_id);
CREATE UNIQUE INDEX deal_registrations_by_change ON deal_registrations (change_version);

CREATE TABLE assists (
    assist_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT assists_partner_id_known REFERENCES partners,
    direction nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT assists_account_id_known REFERENCES accounts,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT assists_opportunity_id_known REFERENCES opportunities,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT assists_key PRIMARY KEY NONCLUSTERED (assist_id)
);
CREATE UNIQUE CLUSTERED INDEX assists_by_applied_at ON assists (applied_at, assist_id);
CREATE UNIQUE INDEX assists_by_change ON assists (change_version);

CREATE TABLE certifications (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT certifications_partner_id_known REFERENCES partners,
    competency nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    earned_at datetimeoffset(3) NOT NULL,
    expires_at datetimeoffset(3) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT certifications_key PRIMARY KEY NONCLUSTERED (partner_id, competency, earned_at)
);
CREATE UNIQUE CLUSTERED INDEX certifications_by_applied_at ON certifications (applied_at, partner_id, competency, earned_at);
CREATE UNIQUE INDEX certifications_by_change ON certifications (change_version);

CREATE TABLE feedback (
    feedback_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    recommendation_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT feedback_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT feedback_account_id_known REFERENCES accounts,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT feedback_opportunity_id_known REFERENCES opportunities,
    event nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    note nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT feedback_key PRIMARY KEY NONCLUSTERED (feedback_id)
);
CREATE UNIQUE CLUSTERED INDEX feedback_by_applied_at ON feedback (applied_at, feedback_id);
CREATE UNIQUE INDEX feedback_by_change ON feedback (change_version);

CREATE INDEX accounts_by_external_id ON accounts (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX partners_by_external_id ON partners (external_id) WHERE external_id IS NOT NULL;

-- What a page asks for: the facts between an account and a partner, a partner's deals.
CREATE INDEX opportunities_by_account ON opportunities (account_id);
CREATE INDEX engagements_by_opportunity ON engagements (opportunity_id);
CREATE INDEX engagements_by_partner ON engagements (partner_id, started_at);
CREATE INDEX deal_registrations_by_account ON deal_registrations (account_id);
CREATE INDEX assists_by_partner ON assists (partner_id);

-- Facts that a later version of their row replaced.
CREATE TABLE superseded_facts (
    table_name nvarchar(30) COLLATE Latin1_General_100_BIN2 NOT NULL,
    is_end bit NOT NULL,
    row_key nvarchar(450) COLLATE Latin1_General_100_BIN2 NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    seen_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    row_values nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT superseded_facts_key PRIMARY KEY NONCLUSTERED (table_name, row_key, is_end, applied_at)
);
CREATE CLUSTERED INDEX superseded_facts_by_applied_at ON superseded_facts (table_name, is_end, applied_at);
CREATE UNIQUE INDEX superseded_facts_by_change ON superseded_facts (change_version);

-- Counts the imports into a history: what was recommended before one cannot be computed again to the bit.
CREATE TABLE history_epochs (
    epoch bigint IDENTITY NOT NULL CONSTRAINT history_epochs_key PRIMARY KEY,
    imported_at datetimeoffset(3) NOT NULL
);

CREATE TABLE rejected_rows (
    rejected_row_id bigint IDENTITY NOT NULL CONSTRAINT rejected_rows_key PRIMARY KEY,
    "file" nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    line bigint NOT NULL,
    column_name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    found nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    expected nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL
);

-- One row. Whoever writes holds its lock, so that changes become visible in the order of their versions; stamp is the last moment given
-- to a fact, writes counts the transactions that changed any.
CREATE TABLE change_clock (
    clock_id tinyint NOT NULL CONSTRAINT change_clock_key PRIMARY KEY,
    writes bigint NOT NULL,
    stamp datetimeoffset(3) NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT change_clock_is_one CHECK (clock_id = 1)
);
INSERT INTO change_clock (clock_id, writes, stamp)
VALUES (1, 0, '0001-01-01T00:00:00+00:00');
