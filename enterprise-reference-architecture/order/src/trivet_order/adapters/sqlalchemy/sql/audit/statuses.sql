-- Of every order: its status beside what its events say, and whether its end was asked for.
WITH history AS (
    SELECT aggregate_id AS order_id, aggregate_version AS version, type FROM outbox
    UNION
    SELECT order_id, order_version, type FROM timeline
), last AS (
    SELECT DISTINCT ON (order_id) order_id, type FROM history WHERE type <> 'CancellationRequested'
    ORDER BY order_id, version DESC
), asked AS (
    SELECT DISTINCT order_id, true AS asked FROM history WHERE type = 'CancellationRequested'
)
SELECT orders.id AS order_id, status, type, cancellation_requested, coalesce(asked, false) AS asked,
    cancellation_requested = coalesce(asked, false) AND status = CASE type
        WHEN 'OrderCreated' THEN 'Order Created'
        WHEN 'InventoryRequested' THEN 'Inventory Pending'
        WHEN 'InventoryReserved' THEN 'Inventory Reserved'
        WHEN 'PaymentRequested' THEN 'Payment Pending'
        WHEN 'OrderConfirmed' THEN 'Order Confirmed'
        WHEN 'OrderCancelled' THEN 'Order Cancelled'
    END AS holds
FROM orders LEFT JOIN last ON last.order_id = orders.id LEFT JOIN asked ON asked.order_id = orders.id
