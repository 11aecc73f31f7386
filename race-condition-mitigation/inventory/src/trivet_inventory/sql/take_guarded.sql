-- Takes units only if they are there. READ COMMITTED evaluates the condition again on the row as the last
-- committed buyer left it, so this alone makes overselling impossible.
-- $1 item, $2 quantity
UPDATE items
SET stock = stock - $2, item_version = item_version + 1
WHERE id = $1 AND stock >= $2
RETURNING stock, item_version, unit_price_minor, currency
