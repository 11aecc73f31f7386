-- The counts are of a moment ago, so that two who look at once may both take: then the next look evens out again.
-- A lease that its holder writes under is waited for, since one that is busy always writes; nothing else is locked here.
WITH fullest AS (
    SELECT holder
    FROM {leases}
    WHERE holder <> $1 AND until > clock_timestamp() AND {takeable}
    GROUP BY holder
    HAVING count(*) >= cardinality($2::smallint[]) + 2
    ORDER BY count(*) DESC, holder
    LIMIT 1
), surplus AS MATERIALIZED (
    SELECT shard
    FROM {leases}
    WHERE holder = (SELECT fullest.holder FROM fullest) AND until > clock_timestamp() AND {takeable}
    ORDER BY shard
    LIMIT $3
    FOR UPDATE
)
UPDATE {leases} AS lease
SET holder = $1, fence = lease.fence + 1, until = clock_timestamp() + $4::interval
FROM surplus
WHERE lease.shard = surplus.shard
RETURNING lease.shard, lease.fence
