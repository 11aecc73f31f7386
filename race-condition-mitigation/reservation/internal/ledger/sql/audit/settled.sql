-- Of every settlement that stands: whether just its seats are taken, in its state and under its fence.
SELECT s.show_id, s.hold_id, s.subject, s.order_id, s.state,
    cardinality(s.seats) AS seats, count(taken.seat_id) AS taken,
    count(taken.seat_id) = cardinality(s.seats)
        AND coalesce(bool_and(taken.state = s.state AND taken.seat_id = ANY (s.seats)), false) AS holds
FROM settlements AS s LEFT JOIN taken USING (show_id, subject, hold_id, order_id, fence)
WHERE s.state <> 'released'
GROUP BY s.show_id, s.hold_id, s.subject, s.order_id, s.state, s.seats
