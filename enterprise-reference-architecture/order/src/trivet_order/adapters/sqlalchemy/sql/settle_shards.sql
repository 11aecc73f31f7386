UPDATE outbox_leases AS lease
SET kafka_cluster = $4, kafka_epoch = $5
FROM unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence)
WHERE lease.shard = mine.shard AND lease.fence = mine.fence AND lease.holder = $1
