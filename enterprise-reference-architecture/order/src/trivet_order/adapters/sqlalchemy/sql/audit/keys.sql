-- Of every key: the order that it made, and whether another key made the same.
SELECT key, order_keys.customer_id, order_id, orders.customer_id AS owner,
    orders.customer_id = order_keys.customer_id AND count(*) OVER (PARTITION BY order_id) = 1 AS holds
FROM order_keys LEFT JOIN orders ON orders.id = order_id
