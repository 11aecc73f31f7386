-- One step of one checkout of one line: saga, order, price, events and history, if nobody else took it.
WITH taken AS (
    UPDATE sagas
    SET state = $3, version = $4, due_at = clock_timestamp() + make_interval(secs => $5::float8), deadline_at = $6,
        ended_at = CASE WHEN $5::float8 IS NULL THEN clock_timestamp() END
    WHERE order_id = $1 AND version = $2
    RETURNING order_id
), moved AS (
    UPDATE orders
    SET status = $7, version = $8, updated_at = clock_timestamp()
    FROM taken
    WHERE orders.id = taken.order_id AND orders.version = $9
), priced AS (
    UPDATE order_lines
    SET price_minor = $10, currency = $11
    FROM taken
    WHERE order_lines.order_id = taken.order_id AND $10::bigint IS NOT NULL AND order_lines.price_minor IS NULL
), told AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, body)
    SELECT event.event_id, taken.order_id, event.aggregate_version, $14::smallint, event.type, event.version,
           event.occurred_on, event.body
    FROM taken
    CROSS JOIN unnest($12::uuid[], $13::bigint[], $15::text[], $16::smallint[], $17::timestamptz[], $18::bytea[])
        AS event (event_id, aggregate_version, type, version, occurred_on, body)
)
INSERT INTO saga_steps (order_id, position, ordinal, event, state, attempts)
SELECT taken.order_id, $4, 1, $19, $20, $21
FROM taken
RETURNING true
