CREATE TABLE shows (
    id text PRIMARY KEY,
    name text NOT NULL,
    currency text NOT NULL,
    seats integer NOT NULL CHECK (seats > 0),
    -- Grows whenever Valkey's memory of the show is read from here anew; a pin of an older memory is refused.
    epoch bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE blocks (
    show_id text NOT NULL REFERENCES shows,
    place integer NOT NULL,
    name text NOT NULL,
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    seats text[] NOT NULL,
    PRIMARY KEY (show_id, place),
    UNIQUE (show_id, name)
);

-- CACHE 1 and NO CYCLE: a session that kept numbers back would draw a smaller fence after a greater one.
CREATE SEQUENCE seat_fence MINVALUE 1 CACHE 1 NO CYCLE;

-- What an order did with a hold, for good. A tombstone is a release without a fence: nothing had been pinned.
CREATE TABLE settlements (
    show_id text NOT NULL,
    subject text NOT NULL,
    hold_id text NOT NULL,
    order_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('pinned', 'sold', 'released')),
    fence bigint,
    seats text[] NOT NULL,
    unit_prices_minor bigint[] NOT NULL,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whether Valkey was told; what it was not told yet is looked for by every replica.
    marked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (show_id, subject, hold_id, order_id),
    CHECK (state = 'released' OR fence IS NOT NULL)
);
CREATE INDEX settlements_unmarked ON settlements (settled_at) WHERE NOT marked;

CREATE TABLE taken (
    show_id text NOT NULL,
    seat_id text NOT NULL,
    subject text NOT NULL,
    hold_id text NOT NULL,
    order_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('pinned', 'sold')),
    fence bigint NOT NULL,
    unit_price_minor bigint NOT NULL,
    pinned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX taken_hold ON taken (show_id, hold_id);

CREATE TABLE answers (
    subject text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject, operation, key)
);
-- Brin: answers arrive in the order of time, and only the pruner asks for it.
CREATE INDEX answers_at ON answers USING brin (at);
