SELECT customer_id, key, order_id
FROM order_keys
ORDER BY customer_id, key
