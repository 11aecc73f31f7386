-- The lease is locked against being taken until the mark is made: whoever takes it next sees the mark, and whoever has
-- taken it before is seen here.
-- The rows are found by their positions alone, without a join and without asking whether they are unpublished: a planner
-- that could begin at the leases would read all of a shard.
WITH held AS MATERIALIZED (
    SELECT lease.shard
    FROM outbox_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1
    FOR SHARE OF lease
)
UPDATE outbox
SET published_at = clock_timestamp(), kafka_cluster = $4, kafka_epoch = $5
WHERE position = ANY ($6::bigint[]) AND shard = ANY (ARRAY(SELECT held.shard FROM held))
