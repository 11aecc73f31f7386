SELECT subject, hold_id, order_id, state, total_minor, currency, at
FROM stock_holds
ORDER BY subject, hold_id
