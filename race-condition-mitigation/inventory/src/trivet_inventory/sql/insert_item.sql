-- Inserts an item unless its id is taken.
-- $1 id, $2 name, $3 stock, $4 unit price, $5 currency
INSERT INTO items (id, name, stock, initial_stock, unit_price_minor, currency)
VALUES ($1, $2, $3, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
RETURNING id
