-- One page of items in the order of their ids.
-- $1 the last id of the page before, or null; $2 how many
SELECT id, name, stock, initial_stock, unit_price_minor, currency
FROM items
WHERE $1::text IS NULL OR id > $1
ORDER BY id
LIMIT $2
