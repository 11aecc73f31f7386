-- One window of the outbox, from a position on: deletes what is old enough and known to the timeline's inbox.
WITH looked AS MATERIALIZED (
    SELECT position, event_id, recorded_at, published_at FROM outbox WHERE position > $1 ORDER BY position LIMIT $2
), pruned AS (
    DELETE FROM outbox
    USING looked
    WHERE outbox.position = looked.position AND looked.published_at < clock_timestamp() - $3::interval
      AND EXISTS (SELECT FROM inbox WHERE inbox.consumer = $4 AND inbox.event_id = looked.event_id)
    RETURNING outbox.position
)
SELECT (SELECT count(*) FROM pruned) AS pruned, count(*) AS looked, max(position) AS last,
       coalesce(bool_or(recorded_at >= clock_timestamp() - $3::interval), true) AS is_young
FROM looked
