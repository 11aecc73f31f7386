-- Every event that was committed, in the order of its order's versions, and whether the outbox counts it as published.
SELECT event_id, aggregate_id AS order_id, aggregate_version AS order_version, type,
       published_at IS NOT NULL AS published
FROM outbox
ORDER BY aggregate_id, aggregate_version
