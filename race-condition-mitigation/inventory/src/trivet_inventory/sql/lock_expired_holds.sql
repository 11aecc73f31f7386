-- Locks holds whose time is over, those before others that wait for longer; what somebody else is at is passed over.
-- $1 how many
SELECT subject, hold_id, state, order_id, payload, lines, currency, short_item_id, ttl_ms, expires_at, true AS over
FROM stock_holds
WHERE due_at <= clock_timestamp()
ORDER BY due_at
LIMIT $1
FOR UPDATE SKIP LOCKED
