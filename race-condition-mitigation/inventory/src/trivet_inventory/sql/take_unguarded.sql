-- Takes units whether they are there or not: what the lab shows to oversell.
-- $1 item, $2 quantity
UPDATE items
SET stock = stock - $2, item_version = item_version + 1
WHERE id = $1
RETURNING stock, item_version, unit_price_minor, currency
