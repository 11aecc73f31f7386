-- A lease that ends at this very moment is locked by a write of its holder's: it is left for the next look.
WITH free AS MATERIALIZED (
    SELECT shard
    FROM {leases}
    WHERE (until <= clock_timestamp() OR (holder = $1 AND shard <> ALL ($2::smallint[]))) AND {takeable}
    ORDER BY shard
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE {leases} AS lease
SET holder = $1, fence = lease.fence + 1, until = clock_timestamp() + $4::interval
FROM free
WHERE lease.shard = free.shard
RETURNING lease.shard, lease.fence
