SELECT lease.shard, lease.fence
FROM outbox_leases AS lease
JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
WHERE lease.holder = $1 AND (lease.kafka_cluster, lease.kafka_epoch) IS DISTINCT FROM ($4::text, $5::bigint)
