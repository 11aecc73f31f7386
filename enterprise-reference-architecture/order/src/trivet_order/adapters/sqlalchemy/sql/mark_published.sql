-- The lease is locked against being taken until the mark is made: whoever takes it next sees the mark, and whoever has
-- taken it before is seen here.
WITH held AS MATERIALIZED (
    SELECT lease.shard
    FROM outbox_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1
    FOR SHARE OF lease
)
UPDATE outbox
SET published_at = clock_timestamp(), kafka_cluster = $4, kafka_epoch = $5
FROM held, unnest($6::bigint[]) AS sent (position)
WHERE outbox.position = sent.position AND outbox.shard = held.shard AND outbox.published_at IS NULL
