SELECT show_id, subject, hold_id, order_id, state, fence, array_to_json(seats)::text AS seats, total_minor, settled_at
FROM settlements
ORDER BY show_id, subject, hold_id, order_id
