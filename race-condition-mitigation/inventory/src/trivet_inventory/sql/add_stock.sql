-- Adds units and writes the restock that says so.
-- $1 restock, $2 subject, $3 key, $4 payload, $5 item, $6 quantity
WITH item AS (
    UPDATE items
    SET stock = stock + $6, item_version = item_version + 1
    WHERE id = $5
    RETURNING id, stock, item_version
)
INSERT INTO restocks (restock_id, subject, key, payload, item_id, quantity, item_version, stock_after)
SELECT $1, $2, $3, $4, id, $6, item_version, stock FROM item
RETURNING stock_after
