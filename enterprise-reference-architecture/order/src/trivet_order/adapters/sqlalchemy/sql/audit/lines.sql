-- Of every order: its lines in their order, and what is known of their prices.
WITH counted AS (
    SELECT order_id, count(*) AS lines, min(position) AS first, max(position) AS last, count(price_minor) AS priced,
        count(DISTINCT currency) AS currencies
    FROM order_lines GROUP BY order_id
)
SELECT order_id, status, lines, first, last, priced, currencies,
    status IS NOT NULL AND first = 1 AND last = lines AND lines <= 20 AND priced IN (0, lines) AND currencies <= 1
        AND CASE
            WHEN status IN ('Inventory Reserved', 'Payment Pending', 'Order Confirmed') THEN priced = lines
            WHEN status IN ('Order Created', 'Inventory Pending') THEN priced = 0
            ELSE true
        END AS holds
FROM (SELECT id AS order_id, status FROM orders) AS stored FULL JOIN counted USING (order_id)
