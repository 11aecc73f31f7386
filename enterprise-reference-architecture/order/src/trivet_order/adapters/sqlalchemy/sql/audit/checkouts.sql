-- Of every saga: the status of its order, which is written with it.
SELECT sagas.order_id, state, status,
    CASE state
        WHEN 'created' THEN status = 'Order Created'
        WHEN 'holding' THEN status = 'Inventory Pending'
        WHEN 'releasing' THEN status IN ('Inventory Pending', 'Payment Pending')
        WHEN 'confirmed' THEN status = 'Order Confirmed'
        WHEN 'cancelled' THEN status = 'Order Cancelled'
        ELSE status = 'Payment Pending'
    END AS holds
FROM sagas JOIN orders ON orders.id = sagas.order_id
