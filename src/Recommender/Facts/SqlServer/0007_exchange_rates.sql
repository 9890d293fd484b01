-- What currencies are worth: units of the currency that one unit of the base currency buys, from a day on.

CREATE TABLE exchange_rates (
    currency nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    since datetimeoffset(3) NOT NULL,
    rate decimal(19, 4) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT exchange_rates_key PRIMARY KEY NONCLUSTERED (currency, since)
);
CREATE UNIQUE CLUSTERED INDEX exchange_rates_by_applied_at ON exchange_rates (applied_at, currency, since);
CREATE UNIQUE INDEX exchange_rates_by_change ON exchange_rates (change_version);
