SELECT entry.order_id, entry.order_version, entry.event_id, entry.type, entry.occurred_on, entry.recorded_on, entry.data
FROM unnest(CAST(:order_ids AS uuid[]), CAST(:versions AS bigint[])) AS seen (order_id, version)
JOIN timeline AS entry ON entry.order_id = seen.order_id AND entry.order_version > seen.version
ORDER BY entry.order_id, entry.order_version, entry.position
