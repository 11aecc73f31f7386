-- Of every saga: the versions that its steps made, each from 2 to its own.
WITH counted AS (
    SELECT order_id, count(DISTINCT position) AS positions, min(position) AS first, max(position) AS last,
        bool_and(ordinal > 0) AS numbered
    FROM saga_steps GROUP BY order_id
)
SELECT order_id, version, coalesce(positions, 0) AS positions, first, last,
    CASE WHEN version IS NULL THEN false WHEN positions IS NULL THEN version = 1
        ELSE positions = version - 1 AND first = 2 AND last = version AND numbered END AS holds
FROM (SELECT order_id, version FROM sagas) AS stored FULL JOIN counted USING (order_id)
