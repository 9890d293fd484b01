-- Conflicts on accounts, step by step.

CREATE TABLE conflict_steps (
    conflict_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    step nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT conflict_steps_account_id_known REFERENCES accounts,
    kind nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    rule_id nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    rules_version decimal(19, 4) NULL,
    holder_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    holder_claim nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    other_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    other_claim nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    since datetimeoffset(3) NULL,
    sentence nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    evidence nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    decision nvarchar(40) COLLATE Latin1_General_100_BIN2 NULL,
    reason nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    done_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT conflict_steps_key PRIMARY KEY NONCLUSTERED (conflict_id, step, at)
);
CREATE UNIQUE CLUSTERED INDEX conflict_steps_by_applied_at ON conflict_steps (applied_at, conflict_id, step, at);
CREATE UNIQUE INDEX conflict_steps_by_change ON conflict_steps (change_version);
