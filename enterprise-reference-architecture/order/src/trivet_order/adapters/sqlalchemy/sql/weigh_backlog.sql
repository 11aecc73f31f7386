SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT $2) AS counted) AS unpublished,
       coalesce(extract(epoch FROM clock_timestamp() - min(oldest.recorded_at)), 0)::float8 AS oldest_age_s,
       (SELECT count(*) FROM outbox_failures) AS blocked
FROM generate_series(0, $1::int - 1) AS shards (shard)
LEFT JOIN LATERAL (
    SELECT outbox.recorded_at
    FROM outbox
    WHERE outbox.shard = shards.shard AND outbox.published_at IS NULL
    ORDER BY outbox.position
    LIMIT 1
) AS oldest ON true
