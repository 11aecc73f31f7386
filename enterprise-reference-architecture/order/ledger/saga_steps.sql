SELECT order_id, position, ordinal, event, state, attempts, detail, at
FROM saga_steps
ORDER BY order_id, position, ordinal
