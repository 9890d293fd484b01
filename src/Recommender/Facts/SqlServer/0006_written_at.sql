-- When a row was last written, in the order of writing: what a feed goes by. What an import brings in may be applied long before.

ALTER TABLE accounts ADD written_at datetimeoffset(3) NULL;
ALTER TABLE partners ADD written_at datetimeoffset(3) NULL;
GO

UPDATE accounts
SET written_at = CASE WHEN applied_at > SYSUTCDATETIME() THEN SYSUTCDATETIME() ELSE applied_at END;
UPDATE partners
SET written_at = CASE WHEN applied_at > SYSUTCDATETIME() THEN SYSUTCDATETIME() ELSE applied_at END;

CREATE UNIQUE INDEX accounts_by_written_at ON accounts (written_at, account_id);
CREATE UNIQUE INDEX partners_by_written_at ON partners (written_at, partner_id);
