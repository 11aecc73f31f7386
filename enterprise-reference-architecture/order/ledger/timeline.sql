SELECT event_id, order_id, order_version, type
FROM timeline
ORDER BY order_id, order_version, position
