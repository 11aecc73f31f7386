-- Locks items in the order of their ids; the clock is asked after that.
-- $1 items
SELECT id, stock, item_version, unit_price_minor, currency, clock_timestamp() AS now
FROM items
WHERE id = ANY ($1::text[])
ORDER BY id
FOR UPDATE
