-- Of every order that has events in the outbox: their shards.
SELECT aggregate_id AS order_id, min(shard) AS first, max(shard) AS last, min(shard) = max(shard) AS holds
FROM outbox GROUP BY aggregate_id
