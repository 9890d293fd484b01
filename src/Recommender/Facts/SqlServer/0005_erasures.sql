-- Accounts that were forgotten on request: what a later import still says of them is refused.

CREATE TABLE erasures (
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT erasures_key PRIMARY KEY,
    erased_at datetimeoffset(3) NOT NULL
);
