-- What a unit of a currency is worth in the base currency, from a day on: amount x rate is the amount in that. Until now rates were the other way round.

ALTER TABLE exchange_rates ALTER COLUMN rate decimal(28, 12) NOT NULL;
EXEC sp_rename 'exchange_rates.since', 'date', 'COLUMN';
GO

UPDATE exchange_rates
SET rate = CAST(ROUND(1 / CAST(rate AS float), 12) AS decimal(28, 12))
WHERE rate > 0;
UPDATE superseded_facts
SET row_values = JSON_MODIFY(row_values, '$[2]', CAST(ROUND(1 / CAST(JSON_VALUE(row_values, '$[2]') AS float), 12) AS decimal(28, 12)))
WHERE table_name = 'exchange_rates' AND CAST(JSON_VALUE(row_values, '$[2]') AS float) > 0;
