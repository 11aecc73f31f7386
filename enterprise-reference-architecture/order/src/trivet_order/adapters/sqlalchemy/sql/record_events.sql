-- What happened, to be published; and what it means for the order's checkout. In one statement, so that there is no
-- moment at which one is there without the other, and no round trip between them.
-- An order that was accepted has a checkout, which is due at once. One that its customer does not want any more is
-- looked at again at once, unless it is parked. One that was cancelled before anything was begun for it is at its end.
WITH recorded AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body)
    SELECT event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body
    FROM unnest(
        CAST(:event_ids AS uuid[]), CAST(:aggregate_ids AS uuid[]), CAST(:aggregate_versions AS bigint[]),
        CAST(:shards AS smallint[]), CAST(:types AS text[]), CAST(:versions AS smallint[]),
        CAST(:moments AS timestamptz[]), CAST(:traceparents AS text[]), CAST(:bodies AS bytea[])
    ) WITH ORDINALITY AS event (
        event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body, place
    )
    ORDER BY place
), hurried AS (
    UPDATE sagas SET due_at = least(due_at, clock_timestamp())
    WHERE order_id = ANY (CAST(:wished AS uuid[])) AND due_at IS NOT NULL
), ended AS (
    UPDATE sagas
    SET state = 'cancelled', version = sagas.version + 1, due_at = NULL, deadline_at = NULL, parked = NULL,
        parked_at = NULL, reason = cancelled.reason, ended_at = clock_timestamp()
    FROM unnest(CAST(:cancelled AS uuid[]), CAST(:reasons AS text[])) AS cancelled (order_id, reason)
    WHERE sagas.order_id = cancelled.order_id AND sagas.state = 'created'
    RETURNING sagas.order_id, sagas.version, sagas.attempts
), remembered AS (
    INSERT INTO saga_steps (order_id, position, ordinal, event, state, attempts)
    SELECT order_id, version, 1, 'cancel wished', 'created', attempts FROM ended
)
INSERT INTO sagas (order_id, shard, state, reason, due_at, ended_at)
SELECT order_id, shard, CASE WHEN is_over THEN 'cancelled' ELSE 'created' END, reason,
       CASE WHEN NOT is_over THEN clock_timestamp() END, CASE WHEN is_over THEN clock_timestamp() END
FROM unnest(CAST(:begun AS uuid[]), CAST(:begun_shards AS smallint[]), CAST(:begun_reasons AS text[]))
    AS begun (order_id, shard, reason), LATERAL (SELECT reason IS NOT NULL AS is_over) AS life
