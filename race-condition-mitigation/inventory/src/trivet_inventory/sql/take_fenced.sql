-- Takes units only if they are there and no holder with a later fence has written.
-- $1 item, $2 quantity, $3 fence
UPDATE items
SET stock = stock - $2, item_version = item_version + 1, fence = $3
WHERE id = $1 AND stock >= $2 AND fence < $3
RETURNING stock, item_version, unit_price_minor, currency
