INSERT INTO inbox (consumer, event_id)
SELECT :consumer, event_id
FROM unnest(CAST(:event_ids AS uuid[])) AS event_id
ORDER BY event_id
ON CONFLICT DO NOTHING
RETURNING event_id
