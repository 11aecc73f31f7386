SELECT show_id, seat_id, hold_id, subject, order_id, state, fence, unit_price_minor, pinned_at
FROM taken
ORDER BY show_id, seat_id, fence
