-- Locks the holds of these names, in the order of their names, and says which are over and not swept yet. The clock is
-- asked after the lock, of the row as it was last committed.
-- $1 subjects, $2 ids
SELECT subject, hold_id, state, order_id, payload, lines, currency, short_item_id, ttl_ms, expires_at,
       due_at IS NOT NULL AND due_at <= clock_timestamp() AS over
FROM stock_holds
JOIN unnest($1::text[], $2::text[]) AS asked (subject, hold_id) USING (subject, hold_id)
ORDER BY subject, hold_id
FOR UPDATE OF stock_holds
