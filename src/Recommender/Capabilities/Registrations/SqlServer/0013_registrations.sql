-- What became of registrations, step by step, and which of them holds an account for a product: the key lets one.

CREATE TABLE registration_steps (
    registration_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT registration_steps_registration_id_known REFERENCES deal_registrations,
    step nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT registration_steps_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT registration_steps_account_id_known REFERENCES accounts,
    done_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    until datetimeoffset(3) NULL,
    amount decimal(19, 4) NULL,
    currency nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    evidence nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    ground nvarchar(40) COLLATE Latin1_General_100_BIN2 NULL,
    note nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    verdict nvarchar(20) COLLATE Latin1_General_100_BIN2 NULL,
    codes nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    trace nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT registration_steps_key PRIMARY KEY NONCLUSTERED (registration_id, step, at)
);
CREATE UNIQUE CLUSTERED INDEX registration_steps_by_applied_at ON registration_steps (applied_at, registration_id, step, at);
CREATE UNIQUE INDEX registration_steps_by_change ON registration_steps (change_version);

CREATE TABLE registration_holds (
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT registration_holds_account_id_known REFERENCES accounts,
    product nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    registration_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT registration_holds_registration_id_known REFERENCES deal_registrations,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT registration_holds_key PRIMARY KEY NONCLUSTERED (account_id, product)
);
CREATE UNIQUE CLUSTERED INDEX registration_holds_by_applied_at ON registration_holds (applied_at, account_id, product);
CREATE UNIQUE INDEX registration_holds_by_change ON registration_holds (change_version);
