-- What a unit of a currency is worth in the base currency, from a day on: amount x rate is the amount in that. Until now rates were the other way round.

ALTER TABLE exchange_rates RENAME COLUMN since TO date;
UPDATE exchange_rates
SET rate = ROUND(1.0 / rate, 12)
WHERE rate > 0;
UPDATE superseded_facts
SET row_values = json_set(row_values, '$[2]', ROUND(1.0 / json_extract(row_values, '$[2]'), 12))
WHERE table_name = 'exchange_rates' AND json_extract(row_values, '$[2]') > 0;
