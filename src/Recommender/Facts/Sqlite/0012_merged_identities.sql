-- A merge keeps who the old row was: its survivor is known by that, too.

ALTER TABLE aliases ADD COLUMN name TEXT;
ALTER TABLE aliases ADD COLUMN domain TEXT;
ALTER TABLE aliases ADD COLUMN external_id TEXT;
CREATE INDEX aliases_late ON aliases (applied_at) WHERE seen_at < applied_at;
