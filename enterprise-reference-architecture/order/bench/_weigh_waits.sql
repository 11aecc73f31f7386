-- From an event's insertion, which is before its order's commit, until it was seen, and until it was marked as published.
SELECT count(*),
       percentile_disc(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (
           ORDER BY extract(epoch FROM seen.at - recorded_at) * 1000
       )::float8[],
       percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM published_at - recorded_at) * 1000)::float8
FROM unnest(%s::uuid[], %s::timestamptz[]) AS seen (event_id, at)
JOIN outbox USING (event_id)
