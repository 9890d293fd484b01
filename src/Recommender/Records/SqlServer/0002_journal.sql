-- What the service said, to whom, and what it told others. Instants are UTC to the millisecond.

CREATE TABLE recommendations (
    recommendation_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    made_at datetimeoffset(3) NOT NULL,
    as_of datetimeoffset(3) NOT NULL,
    epoch bigint NOT NULL,
    account_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    opportunity_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    caller nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    rules_version bigint NOT NULL,
    request varbinary(max) NOT NULL,
    response varbinary(max) NOT NULL,
    encoding nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL,
    CONSTRAINT recommendations_key PRIMARY KEY NONCLUSTERED (recommendation_id)
);
CREATE CLUSTERED INDEX recommendations_by_made_at ON recommendations (made_at);
CREATE INDEX recommendations_by_account ON recommendations (account_id, made_at);

CREATE TABLE events (
    sequence bigint IDENTITY NOT NULL CONSTRAINT events_key PRIMARY KEY,
    event_id nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT events_by_event_id UNIQUE,
    type nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at datetimeoffset(3) NOT NULL,
    subject nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    data nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL
);
CREATE INDEX events_by_type ON events (type, sequence);
CREATE INDEX events_by_at ON events (at);

CREATE TABLE webhooks (
    webhook_id nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT webhooks_key PRIMARY KEY,
    url nvarchar(2048) COLLATE Latin1_General_100_BIN2 NOT NULL,
    types nvarchar(1000) COLLATE Latin1_General_100_BIN2 NOT NULL,
    secret nvarchar(4000) COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at datetimeoffset(3) NOT NULL
);

CREATE TABLE webhook_deliveries (
    delivery_id bigint IDENTITY NOT NULL CONSTRAINT webhook_deliveries_key PRIMARY KEY,
    webhook_id nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT webhook_deliveries_webhook_id_known REFERENCES webhooks ON DELETE CASCADE,
    sequence bigint NOT NULL CONSTRAINT webhook_deliveries_sequence_known REFERENCES events,
    state nvarchar(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    attempts int NOT NULL,
    next_at datetimeoffset(3) NOT NULL,
    last_at datetimeoffset(3) NULL,
    last_status int NULL,
    last_error nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL
);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, next_at);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, delivery_id);
CREATE INDEX webhook_deliveries_by_sequence ON webhook_deliveries (sequence);

CREATE TABLE api_keys (
    key_id nvarchar(50) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT api_keys_key PRIMARY KEY,
    name nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    hash nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT api_keys_by_hash UNIQUE,
    scopes nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at datetimeoffset(3) NOT NULL,
    revoked_at datetimeoffset(3) NULL,
    last_used_at datetimeoffset(3) NULL
);

CREATE TABLE idempotency_keys (
    caller nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    request_hash nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    status int NOT NULL,
    content_type nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
    body varbinary(max) NOT NULL,
    created_at datetimeoffset(3) NOT NULL,
    CONSTRAINT idempotency_keys_key PRIMARY KEY NONCLUSTERED (caller, idempotency_key)
);
CREATE CLUSTERED INDEX idempotency_keys_by_created_at ON idempotency_keys (created_at);

CREATE TABLE rule_sets (
    version bigint NOT NULL CONSTRAINT rule_sets_key PRIMARY KEY,
    created_at datetimeoffset(3) NOT NULL,
    created_by nvarchar(400) COLLATE Latin1_General_100_BIN2 NOT NULL,
    body varbinary(max) NOT NULL
);

-- What cookies, forms and webhook secrets are protected with; replicas share it.
CREATE TABLE protection_keys (
    name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT protection_keys_key PRIMARY KEY,
    body nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL
);
