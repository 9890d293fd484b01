-- The lists of partners, what is held of their records and our accounts, and what may be seen of them.

CREATE TABLE partner_accounts (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT partner_accounts_partner_id_known REFERENCES partners,
    record_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    domain nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    country nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    region nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    population nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    contact_count decimal(19, 4) NULL,
    contact_level nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    since datetimeoffset(3) NULL,
    until datetimeoffset(3) NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT partner_accounts_key PRIMARY KEY NONCLUSTERED (partner_id, record_id)
);
CREATE UNIQUE CLUSTERED INDEX partner_accounts_by_applied_at ON partner_accounts (applied_at, partner_id, record_id);
CREATE UNIQUE INDEX partner_accounts_by_change ON partner_accounts (change_version);

CREATE TABLE account_matches (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT account_matches_partner_id_known REFERENCES partners,
    record_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT account_matches_account_id_known REFERENCES accounts,
    state nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    probability decimal(19, 4) NULL,
    agrees nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    differs nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    population nvarchar(20) COLLATE Latin1_General_100_BIN2 NULL,
    overlap_since datetimeoffset(3) NULL,
    decided_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT account_matches_key PRIMARY KEY NONCLUSTERED (partner_id, record_id, account_id)
);
CREATE CLUSTERED INDEX account_matches_by_applied_at ON account_matches (applied_at, partner_id, record_id);
CREATE UNIQUE INDEX account_matches_by_change ON account_matches (change_version);

CREATE TABLE partner_sharing (
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT partner_sharing_partner_id_known REFERENCES partners,
    mode nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT partner_sharing_key PRIMARY KEY NONCLUSTERED (partner_id)
);
CREATE UNIQUE CLUSTERED INDEX partner_sharing_by_applied_at ON partner_sharing (applied_at, partner_id);
CREATE UNIQUE INDEX partner_sharing_by_change ON partner_sharing (change_version);
