-- One window of the outbox, from a position on.
WITH held AS MATERIALIZED (
    SELECT lease.shard
    FROM outbox_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1
    FOR SHARE OF lease
), looked AS MATERIALIZED (
    SELECT position FROM outbox WHERE position > $6 ORDER BY position LIMIT $7
), reopened AS (
    UPDATE outbox
    SET published_at = NULL, kafka_cluster = NULL, kafka_epoch = NULL
    FROM looked, held
    WHERE outbox.position = looked.position AND outbox.shard = held.shard
      AND outbox.kafka_cluster <> $4 AND outbox.kafka_epoch < $5
    RETURNING outbox.position
)
SELECT (SELECT count(*) FROM reopened) AS reopened, (SELECT max(position) FROM looked) AS last
