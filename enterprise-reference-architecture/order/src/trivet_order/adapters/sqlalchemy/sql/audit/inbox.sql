-- Of every event that the timeline tells or its inbox knows: the other.
SELECT event_id, told.event_id IS NOT NULL AS is_told, known.event_id IS NOT NULL AS is_known,
    told.event_id IS NOT NULL AND known.event_id IS NOT NULL AS holds
FROM (SELECT DISTINCT event_id FROM timeline) AS told
FULL JOIN (SELECT event_id FROM inbox WHERE consumer = 'order-timeline') AS known USING (event_id)
