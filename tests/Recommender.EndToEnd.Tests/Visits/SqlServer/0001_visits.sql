CREATE TABLE visits (
    visit_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    partner_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT visits_partner_id_known REFERENCES partners,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT visits_account_id_known REFERENCES accounts,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT visits_key PRIMARY KEY NONCLUSTERED (visit_id)
);
CREATE UNIQUE CLUSTERED INDEX visits_by_applied_at ON visits (applied_at, visit_id);
CREATE UNIQUE INDEX visits_by_change ON visits (change_version);
