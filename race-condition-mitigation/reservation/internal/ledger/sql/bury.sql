INSERT INTO settlements (show_id, subject, hold_id, order_id, state, seats, unit_prices_minor, total_minor, currency, marked)
SELECT id, $2, $3, $4, 'released', '{}', '{}', 0, currency, true FROM shows WHERE id = $1
ON CONFLICT DO NOTHING
