-- What an earlier request with this key was told: its row, and the body if that has not been pruned.
-- $1 subject, $2 key
SELECT r.payload, r.restock_id, r.item_id, r.quantity, r.stock_after, a.status, a.body
FROM restocks AS r
LEFT JOIN answers AS a ON a.subject = r.subject AND a.operation = 'restock' AND a.key = r.key
WHERE r.subject = $1 AND r.key = $2
