SELECT id AS order_id, customer_id, status, version
FROM orders
ORDER BY id
