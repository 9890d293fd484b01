-- What the service said, to whom, and what it told others. Instants are ISO 8601 text in UTC to the millisecond.

CREATE TABLE recommendations (
    recommendation_id TEXT NOT NULL PRIMARY KEY,
    made_at TEXT NOT NULL,
    as_of TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    opportunity_id TEXT,
    caller TEXT NOT NULL,
    rules_version INTEGER NOT NULL,
    request BLOB NOT NULL,
    response BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX recommendations_by_made_at ON recommendations (made_at);

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    at TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE webhooks (
    webhook_id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    types TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    sequence INTEGER NOT NULL REFERENCES events,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TEXT NOT NULL,
    last_at TEXT,
    last_status INTEGER,
    last_error TEXT
);

CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, next_at);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, delivery_id);
CREATE INDEX webhook_deliveries_by_sequence ON webhook_deliveries (sequence);

CREATE TABLE api_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    last_used_at TEXT
) WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    content_type TEXT,
    body BLOB NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys (created_at);

CREATE TABLE rule_sets (
    version INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE INDEX accounts_by_applied_at ON accounts (applied_at, account_id);
