INSERT INTO outbox_failures AS known (aggregate_id, attempts, error, retry_at)
SELECT failed.aggregate_id, 1, failed.error, clock_timestamp() + make_interval(secs => failed.retry_after_s)
FROM unnest($1::uuid[], $2::text[], $3::float8[]) AS failed (aggregate_id, error, retry_after_s)
ON CONFLICT (aggregate_id) DO UPDATE
SET attempts = known.attempts + 1, error = excluded.error, retry_at = excluded.retry_at
