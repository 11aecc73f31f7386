-- A hold as it is; one whose time is over is expired, whether its units are back yet or not.
-- $1 subject, $2 id
SELECT subject, hold_id, CASE WHEN due_at <= clock_timestamp() THEN 'expired' ELSE state END AS state, order_id, payload,
       lines, currency, short_item_id, ttl_ms, expires_at
FROM stock_holds
WHERE subject = $1 AND hold_id = $2
