-- Leads, our own people who sell, what became of leads, and how they are routed.

CREATE TABLE leads (
    lead_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT leads_account_id_known REFERENCES accounts,
    name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    domain nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    country nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    region nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    product nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    amount decimal(19, 4) NULL,
    currency nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    source nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT leads_partner_id_known REFERENCES partners,
    owner nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    may_share nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL,
    created_at datetimeoffset(3) NOT NULL,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT leads_opportunity_id_known REFERENCES opportunities,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT leads_key PRIMARY KEY NONCLUSTERED (lead_id)
);
CREATE UNIQUE CLUSTERED INDEX leads_by_applied_at ON leads (applied_at, lead_id);
CREATE UNIQUE INDEX leads_by_change ON leads (change_version);

CREATE TABLE reps (
    rep_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    regions nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    industries nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    products nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    open_leads decimal(19, 4) NULL,
    time_zone nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    left_at datetimeoffset(3) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT reps_key PRIMARY KEY NONCLUSTERED (rep_id)
);
CREATE UNIQUE CLUSTERED INDEX reps_by_applied_at ON reps (applied_at, rep_id);
CREATE UNIQUE INDEX reps_by_change ON reps (change_version);

CREATE TABLE lead_steps (
    lead_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT lead_steps_lead_id_known REFERENCES leads,
    offer nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    step nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT lead_steps_account_id_known REFERENCES accounts,
    assignee_type nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT lead_steps_partner_id_known REFERENCES partners,
    person nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    until datetimeoffset(3) NULL,
    reason nvarchar(40) COLLATE Latin1_General_100_BIN2 NULL,
    note nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    done_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    probability decimal(19, 4) NULL,
    policy_version decimal(19, 4) NULL,
    rules_version decimal(19, 4) NULL,
    trace nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT lead_steps_key PRIMARY KEY NONCLUSTERED (lead_id, offer, step)
);
CREATE UNIQUE CLUSTERED INDEX lead_steps_by_applied_at ON lead_steps (applied_at, lead_id, offer, step);
CREATE UNIQUE INDEX lead_steps_by_change ON lead_steps (change_version);

CREATE TABLE routing_policies (
    version nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    body nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    done_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT routing_policies_key PRIMARY KEY NONCLUSTERED (version)
);
CREATE UNIQUE CLUSTERED INDEX routing_policies_by_applied_at ON routing_policies (applied_at, version);
CREATE UNIQUE INDEX routing_policies_by_change ON routing_policies (change_version);
