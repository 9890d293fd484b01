-- What a unit of a currency is worth in the base currency, from a day on: amount x rate is the amount in that. Until now rates were the other way round.

SELECT currency, since, rate, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
INTO exchange_rates_before
FROM exchange_rates;
DROP TABLE exchange_rates;
GO

CREATE TABLE exchange_rates (
    currency nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    "date" datetimeoffset(3) NOT NULL,
    rate decimal(28, 12) NOT NULL,
    recorded_at datetimeoffset(3) NULL,
    attributes nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at datetimeoffset(3) NOT NULL,
    applied_at datetimeoffset(3) NOT NULL,
    is_change bit NOT NULL,
    fingerprint bigint NOT NULL,
    change_version rowversion NOT NULL,
    CONSTRAINT exchange_rates_key PRIMARY KEY NONCLUSTERED (currency, "date")
);
CREATE UNIQUE CLUSTERED INDEX exchange_rates_by_applied_at ON exchange_rates (applied_at, currency, "date");
CREATE UNIQUE INDEX exchange_rates_by_change ON exchange_rates (change_version);
INSERT INTO exchange_rates (currency, "date", rate, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint)
SELECT currency, since, CASE WHEN rate > 0 THEN CAST(ROUND(1 / CAST(rate AS float), 12) AS decimal(28, 12)) ELSE rate END, recorded_at, attributes, seen_at, applied_at, is_change, fingerprint
FROM exchange_rates_before;
DROP TABLE exchange_rates_before;

UPDATE superseded_facts
SET row_values = JSON_MODIFY(row_values, '$[2]', CAST(ROUND(1 / CAST(JSON_VALUE(row_values, '$[2]') AS float), 12) AS decimal(28, 12)))
WHERE table_name = 'exchange_rates' AND CAST(JSON_VALUE(row_values, '$[2]') AS float) > 0;
