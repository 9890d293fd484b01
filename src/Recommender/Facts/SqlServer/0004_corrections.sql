-- Rows can be corrected, merged and deleted: each earlier version says until when it held.

ALTER TABLE superseded_facts ADD until_applied_at datetimeoffset(3) NULL;
ALTER TABLE superseded_facts ADD until_seen_at datetimeoffset(3) NULL;
GO

UPDATE held
SET until_applied_at = later.applied_at, until_seen_at = later.seen_at
FROM superseded_facts held
CROSS APPLY (
    SELECT TOP (1) after_it.applied_at, after_it.seen_at
    FROM superseded_facts after_it
    WHERE after_it.table_name = held.table_name AND after_it.row_key = held.row_key AND after_it.is_end = 0 AND after_it.applied_at > held.applied_at
    ORDER BY after_it.applied_at
) later;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN accounts now ON now.account_id = held.row_key
WHERE held.table_name = N'accounts' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN partners now ON now.partner_id = held.row_key
WHERE held.table_name = N'partners' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN opportunities now ON now.opportunity_id = held.row_key
WHERE held.table_name = N'opportunities' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN engagements now ON now.engagement_id = held.row_key
WHERE held.table_name = N'engagements' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN opportunity_stages now ON CONCAT(now.opportunity_id, NCHAR(31), now.stage, NCHAR(31), FORMAT(now.entered_at AT TIME ZONE 'UTC', 'yyyy-MM-ddTHH:mm:ss.fffZ', 'en-US')) COLLATE Latin1_General_100_BIN2 = held.row_key
WHERE held.table_name = N'opportunity_stages' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN touches now ON now.touch_id = held.row_key
WHERE held.table_name = N'touches' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN account_overlaps now ON CONCAT(now.partner_id, NCHAR(31), now.account_id, NCHAR(31), now.population, NCHAR(31), FORMAT(now.since AT TIME ZONE 'UTC', 'yyyy-MM-ddTHH:mm:ss.fffZ', 'en-US')) COLLATE Latin1_General_100_BIN2 = held.row_key
WHERE held.table_name = N'account_overlaps' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN deal_registrations now ON now.registration_id = held.row_key
WHERE held.table_name = N'deal_registrations' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN assists now ON now.assist_id = held.row_key
WHERE held.table_name = N'assists' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN certifications now ON CONCAT(now.partner_id, NCHAR(31), now.competency, NCHAR(31), FORMAT(now.earned_at AT TIME ZONE 'UTC', 'yyyy-MM-ddTHH:mm:ss.fffZ', 'en-US')) COLLATE Latin1_General_100_BIN2 = held.row_key
WHERE held.table_name = N'certifications' AND held.until_applied_at IS NULL;
UPDATE held
SET until_applied_at = now.applied_at, until_seen_at = now.seen_at
FROM superseded_facts held
JOIN feedback now ON now.feedback_id = held.row_key
WHERE held.table_name = N'feedback' AND held.until_applied_at IS NULL;

CREATE TABLE deletions (
    "table" nvarchar(60) COLLATE Latin1_General_100_BIN2 NOT NULL,
    "key" nvarchar(450) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    reason nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    row_fingerprint bigint NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT deletions_key PRIMARY KEY NONCLUSTERED ("table", "key", at)
);
CREATE UNIQUE INDEX deletions_by_change ON deletions (change_version);

CREATE TABLE aliases (
    old_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    "table" nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    new_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT aliases_key PRIMARY KEY NONCLUSTERED (old_id, "table")
);
CREATE UNIQUE INDEX aliases_by_change ON aliases (change_version);

CREATE TABLE field_changes (
    "table" nvarchar(60) COLLATE Latin1_General_100_BIN2 NOT NULL,
    "key" nvarchar(450) COLLATE Latin1_General_100_BIN2 NOT NULL,
    "column" nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    "value" nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT field_changes_key PRIMARY KEY NONCLUSTERED ("table", "key", "column", at)
);
CREATE UNIQUE INDEX field_changes_by_change ON field_changes (change_version);
