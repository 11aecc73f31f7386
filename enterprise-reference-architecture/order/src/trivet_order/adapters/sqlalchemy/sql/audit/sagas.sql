-- Of every order and every saga: the other.
SELECT orders.id AS order_id, sagas.order_id AS saga, orders.id IS NOT NULL AND sagas.order_id IS NOT NULL AS holds
FROM orders FULL JOIN sagas ON sagas.order_id = orders.id
