-- Of every order: the versions of its events, in the outbox or already in the timeline alone.
WITH history AS (
    SELECT aggregate_id AS order_id, aggregate_version AS version FROM outbox
    UNION
    SELECT order_id, order_version FROM timeline
), counted AS (
    SELECT order_id, count(*) AS events, min(version) AS first, max(version) AS last FROM history GROUP BY order_id
)
SELECT order_id, version, events, first, last,
    events = version AND first = 1 AND last = version AS holds
FROM (SELECT id AS order_id, version FROM orders) AS stored FULL JOIN counted USING (order_id)
