-- A merge keeps who the old row was: its survivor is known by that, too.

ALTER TABLE aliases ADD name nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL;
ALTER TABLE aliases ADD domain nvarchar(400) COLLATE Latin1_General_100_BIN2 NULL;
ALTER TABLE aliases ADD external_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL;
CREATE UNIQUE CLUSTERED INDEX aliases_by_applied_at ON aliases (applied_at, old_id, "table");
