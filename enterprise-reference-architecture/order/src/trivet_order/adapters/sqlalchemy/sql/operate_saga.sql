-- What an operator does to a checkout: its own row and its history alone, if nobody has written it since.
WITH operated AS (
    UPDATE sagas
    SET version = $3, attempts = $4, refusals = $5, deadline_at = $6, parked = $7,
        due_at = clock_timestamp() + make_interval(secs => $8::float8),
        parked_at = CASE WHEN $7::text IS NOT NULL THEN coalesce(parked_at, clock_timestamp()) END
    WHERE order_id = $1 AND version = $2
    RETURNING order_id
)
INSERT INTO saga_steps (order_id, position, ordinal, event, state, attempts, detail)
SELECT operated.order_id, $3, step.ordinal, step.event, step.state, step.attempts, step.detail
FROM operated, unnest($9::smallint[], $10::text[], $11::text[], $12::int[], $13::text[])
    AS step (ordinal, event, state, attempts, detail)
