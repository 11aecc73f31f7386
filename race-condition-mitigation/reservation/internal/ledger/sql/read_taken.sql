SELECT seat_id, state, fence FROM taken WHERE show_id = $1 ORDER BY fence
