UPDATE {leases} AS lease
SET until = '-infinity'
FROM unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence)
WHERE lease.shard = mine.shard AND lease.fence = mine.fence AND lease.holder = $1
