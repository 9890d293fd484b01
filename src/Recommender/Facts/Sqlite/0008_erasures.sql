-- Accounts that were forgotten on request: what a later import still says of them is refused.

CREATE TABLE erasures (
    account_id TEXT NOT NULL PRIMARY KEY,
    erased_at TEXT NOT NULL
) WITHOUT ROWID;
