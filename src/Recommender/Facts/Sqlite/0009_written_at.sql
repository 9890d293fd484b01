-- When a row was last written, in the order of writing: what a feed goes by. What an import brings in may be applied long before.

ALTER TABLE accounts ADD COLUMN written_at TEXT NOT NULL DEFAULT '';
UPDATE accounts SET written_at = MIN(applied_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
CREATE INDEX accounts_by_written_at ON accounts (written_at, account_id);

ALTER TABLE partners ADD COLUMN written_at TEXT NOT NULL DEFAULT '';
UPDATE partners SET written_at = MIN(applied_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
CREATE INDEX partners_by_written_at ON partners (written_at, partner_id);
