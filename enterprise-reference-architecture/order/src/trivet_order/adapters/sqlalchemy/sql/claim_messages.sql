-- The oldest unpublished messages of the shards that a holder leases: of each shard a share, in the order of the
-- outbox_unpublished index, whose entries are the unpublished messages and no others.
-- One reading of the clock decides for all rows which aggregate is blocked: were it read for each, the first message of
-- an aggregate could be left out and its second one claimed.
WITH held AS MATERIALIZED (
    SELECT lease.shard
    FROM outbox_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1 AND lease.until > statement_timestamp()
)
SELECT oldest.*
FROM held
CROSS JOIN LATERAL (
    SELECT waiting.position, waiting.shard, waiting.event_id, aggregate_id, waiting.aggregate_version, waiting.type,
           waiting.version, waiting.occurred_on, waiting.traceparent, waiting.body,
           coalesce(failed.attempts, 0) AS failures
    FROM outbox AS waiting
    LEFT JOIN outbox_failures AS failed USING (aggregate_id)
    WHERE waiting.shard = held.shard AND waiting.published_at IS NULL
      AND (failed.retry_at IS NULL OR failed.retry_at <= statement_timestamp())
    ORDER BY waiting.position
    LIMIT $4
) AS oldest
ORDER BY oldest.position
LIMIT $5
