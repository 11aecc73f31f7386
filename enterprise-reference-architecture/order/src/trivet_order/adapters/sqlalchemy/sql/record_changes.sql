-- A batch of changes, each whole or not at all: saga, order, prices, events and history.
-- The leases are locked against being taken until this is committed: whoever takes one next sees what was written, and
-- whoever has taken it before is seen here. Then the rows are locked, an order's before its saga's as a customer who
-- cancels has them, and both versions are compared under the locks: what is ready is written, all of it.
WITH held AS MATERIALIZED (
    SELECT lease.shard
    FROM saga_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1 AND lease.until > clock_timestamp()
    FOR SHARE OF lease
), ready AS MATERIALIZED (
    SELECT change.*
    FROM unnest(
        $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::int[], $10::int[], $11::float8[], $12::timestamptz[],
        $13::text[], $14::text[], $15::bool[], $16::text[], $17::bigint[], $18::text[]
    ) AS change (
        order_id, read_version, read_order_version, state, version, attempts, refusals, due_in_s, deadline_at,
        reason, parked, is_ended, status, order_version, cancel_reason
    )
    JOIN orders ON orders.id = change.order_id AND orders.version = change.read_order_version
    JOIN sagas ON sagas.order_id = change.order_id AND sagas.version = change.read_version
    WHERE sagas.shard = ANY (ARRAY(SELECT held.shard FROM held))
    ORDER BY change.order_id
    FOR NO KEY UPDATE OF orders, sagas
), moved AS (
    UPDATE orders
    SET status = ready.status, version = ready.order_version, cancel_reason = ready.cancel_reason,
        updated_at = clock_timestamp()
    FROM ready
    WHERE orders.id = ready.order_id AND ready.order_version > ready.read_order_version
), priced AS (
    UPDATE order_lines
    SET price_minor = line.price_minor, currency = line.currency
    FROM unnest($19::uuid[], $20::smallint[], $21::bigint[], $22::text[])
        AS line (order_id, position, price_minor, currency)
    WHERE order_lines.order_id = line.order_id AND order_lines.position = line.position
      AND line.order_id IN (SELECT ready.order_id FROM ready)
), told AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body)
    SELECT event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body
    FROM unnest(
        $23::uuid[], $24::uuid[], $25::bigint[], $26::smallint[], $27::text[], $28::smallint[], $29::timestamptz[],
        $30::text[], $31::bytea[]
    ) WITH ORDINALITY AS event (
        event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body, place
    )
    WHERE aggregate_id IN (SELECT ready.order_id FROM ready)
    ORDER BY place
), remembered AS (
    INSERT INTO saga_steps (order_id, position, ordinal, event, state, attempts, detail)
    SELECT order_id, position, ordinal, event, state, attempts, detail
    FROM unnest($32::uuid[], $33::bigint[], $34::smallint[], $35::text[], $36::text[], $37::int[], $38::text[])
        AS step (order_id, position, ordinal, event, state, attempts, detail)
    WHERE order_id IN (SELECT ready.order_id FROM ready)
)
UPDATE sagas
SET state = ready.state, version = ready.version, attempts = ready.attempts, refusals = ready.refusals, deadline_at = ready.deadline_at,
    due_at = clock_timestamp() + make_interval(secs => ready.due_in_s), reason = ready.reason, parked = ready.parked,
    parked_at = CASE WHEN ready.parked IS NOT NULL THEN coalesce(sagas.parked_at, clock_timestamp()) END,
    ended_at = CASE WHEN ready.is_ended THEN clock_timestamp() END
FROM ready
WHERE sagas.order_id = ready.order_id
RETURNING sagas.order_id
