-- accepted by the bench: so many orders of one customer and one line, whose checkouts are due at once.
WITH made AS MATERIALIZED (
    SELECT uuidv7() AS id, number, clock_timestamp() AS at FROM generate_series(1, $1::int) AS number
), ordered AS (
    INSERT INTO orders (id, customer_id, account_id, status, version, created_at, updated_at)
    SELECT id, 'caller-' || number % 500, 'caller-eur', 'Order Created', 1, at, at FROM made
), lined AS (
    INSERT INTO order_lines (order_id, position, item_id, quantity) SELECT id, 1, 'umbrella', 2 FROM made
)
INSERT INTO sagas (order_id, shard, state, due_at, created_at)
SELECT id, number % 16, 'created', at, at FROM made
