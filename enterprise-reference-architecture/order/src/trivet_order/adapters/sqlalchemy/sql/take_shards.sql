-- A lease that ends at this very moment is locked by its holder's mark or renewal: it is left for the next look.
WITH free AS MATERIALIZED (
    SELECT shard
    FROM outbox_leases
    WHERE (until <= clock_timestamp() OR (holder = $1 AND shard <> ALL ($2::smallint[])))
      AND (kafka_epoch IS NULL OR kafka_epoch < $5 OR (kafka_epoch = $5 AND kafka_cluster = $4))
    ORDER BY shard
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox_leases AS lease
SET holder = $1, fence = lease.fence + 1, until = clock_timestamp() + $6::interval
FROM free
WHERE lease.shard = free.shard
RETURNING lease.shard, lease.fence
