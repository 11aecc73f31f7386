-- What an earlier request with this key was told: its row, and the body if that has not been pruned.
-- $1 subject, $2 key
SELECT p.payload, p.purchase_id, p.item_id, p.quantity, p.outcome, p.unit_price_minor, p.currency, p.stock_after,
       p.fence, a.status, a.body
FROM purchases AS p
LEFT JOIN answers AS a ON a.subject = p.subject AND a.operation = 'buy-item' AND a.key = p.key
WHERE p.subject = $1 AND p.key = $2
