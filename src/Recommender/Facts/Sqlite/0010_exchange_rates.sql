-- What currencies are worth: units of the currency that one unit of the base currency buys, from a day on.

CREATE TABLE exchange_rates (
    currency TEXT NOT NULL,
    since TEXT NOT NULL,
    rate REAL NOT NULL,
    recorded_at TEXT,
    attributes TEXT,
    seen_at TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (currency, since)
) WITHOUT ROWID;
CREATE INDEX exchange_rates_late ON exchange_rates (applied_at) WHERE seen_at < applied_at;
