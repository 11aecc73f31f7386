SELECT seat_id, state, fence, subject, hold_id, order_id FROM taken WHERE show_id = $1 ORDER BY fence
