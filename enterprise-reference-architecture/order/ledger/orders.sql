SELECT id AS order_id, customer_id, status, version, account_id, cancellation_requested
FROM orders
ORDER BY id
