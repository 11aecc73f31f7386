-- Writes a decided purchase, a decline included, and under a key the answer that a replay repeats: one statement.
WITH purchase AS (
    INSERT INTO purchases (purchase_id, subject, key, payload, item_id, quantity, outcome, unit_price_minor, currency,
                           item_version, stock_after, fence)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
)
INSERT INTO answers (subject, operation, key, payload, status, body)
SELECT $2, 'buy-item', $3, $4, $13, $14
WHERE $3::text IS NOT NULL
