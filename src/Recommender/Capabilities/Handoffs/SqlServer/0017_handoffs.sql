-- Handoffs with their packets, and what became of them.

CREATE TABLE handoffs (
    handoff_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    direction nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT handoffs_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT handoffs_account_id_known REFERENCES accounts,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT handoffs_opportunity_id_known REFERENCES opportunities,
    lead_id nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    owner nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    product nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    amount decimal(19, 4) NULL,
    currency nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    recommendation_id nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    probability decimal(19, 4) NULL,
    created_at datetimeoffset(3) NOT NULL,
    account_and_opportunity nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    partner_and_contact nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    why_this_partner nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    "trigger" nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    joint_value nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    warm_path nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    our_next_move nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    partner_next_move nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    conflict_and_credit nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    evidence nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    owner_and_due_date nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    introduction nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT handoffs_key PRIMARY KEY NONCLUSTERED (handoff_id)
);
CREATE UNIQUE CLUSTERED INDEX handoffs_by_applied_at ON handoffs (applied_at, handoff_id);
CREATE UNIQUE INDEX handoffs_by_change ON handoffs (change_version);

CREATE TABLE handoff_steps (
    handoff_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT handoff_steps_handoff_id_known REFERENCES handoffs,
    round nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    step nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    side nvarchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT handoff_steps_account_id_known REFERENCES accounts,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT handoff_steps_partner_id_known REFERENCES partners,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT handoff_steps_opportunity_id_known REFERENCES opportunities,
    until datetimeoffset(3) NULL,
    reason nvarchar(40) COLLATE Latin1_General_100_BIN2 NULL,
    note nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    rating decimal(19, 4) NULL,
    filled decimal(19, 4) NULL,
    done_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    rules_version decimal(19, 4) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT handoff_steps_key PRIMARY KEY NONCLUSTERED (handoff_id, round, step, side)
);
CREATE UNIQUE CLUSTERED INDEX handoff_steps_by_applied_at ON handoff_steps (applied_at, handoff_id, round, step, side);
CREATE UNIQUE INDEX handoff_steps_by_change ON handoff_steps (change_version);
