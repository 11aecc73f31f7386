SELECT order_id, state, fence, seats, unit_prices_minor, currency
FROM settlements
WHERE show_id = $1 AND subject = $2 AND hold_id = $3
ORDER BY state = 'released', order_id
