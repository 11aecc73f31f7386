SELECT s.show_id, s.subject, s.hold_id, s.order_id, s.state, s.fence, s.seats, shows.epoch
FROM settlements AS s JOIN shows ON shows.id = s.show_id
WHERE NOT s.marked AND s.settled_at < clock_timestamp() - $1 * interval '1 millisecond'
ORDER BY s.settled_at LIMIT $2
