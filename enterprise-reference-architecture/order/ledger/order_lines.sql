-- What was ordered, and what it costs once its sellers have said so; never the secret of a hold.
SELECT order_id, position, item_id, show_id, hold_id, quantity, price_minor, currency
FROM order_lines
ORDER BY order_id, position
