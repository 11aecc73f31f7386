-- How many checkouts are under way and where, counted up to a bound; how many are parked; and since when the one that
-- is due longest is.
WITH going AS MATERIALIZED (
    SELECT state, attempts FROM sagas WHERE due_at IS NOT NULL AND attempts = 0
    UNION ALL
    SELECT state, attempts FROM sagas WHERE due_at IS NOT NULL AND attempts > 0
    LIMIT $2
), due AS (
    SELECT least(
        (SELECT min(due_at) FROM sagas WHERE sagas.shard = shards.shard AND due_at IS NOT NULL AND attempts = 0),
        (SELECT min(due_at) FROM sagas WHERE sagas.shard = shards.shard AND due_at IS NOT NULL AND attempts > 0)
    ) AS due_at
    FROM generate_series(0, $1::int - 1) AS shards (shard)
)
SELECT (SELECT coalesce(json_object_agg(state, sagas), '{}') FROM
           (SELECT state, count(*) AS sagas FROM going GROUP BY state) AS by_state)::text AS going,
       (SELECT count(*) FROM going WHERE attempts > 0) AS retrying,
       (SELECT count(*) FROM sagas WHERE parked_at IS NOT NULL) AS parked,
       greatest(0, extract(epoch FROM clock_timestamp() - (SELECT min(due_at) FROM due)))::float8 AS oldest_due_s
