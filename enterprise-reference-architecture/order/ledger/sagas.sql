SELECT order_id, state, version, attempts, reason, parked, created_at, ended_at
FROM sagas
ORDER BY order_id
