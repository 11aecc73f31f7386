-- Of every seat that is taken: whether an order's settlement stands behind it.
SELECT taken.show_id, taken.seat_id, taken.hold_id, taken.order_id, taken.fence, s.fence IS NOT NULL AS holds
FROM taken LEFT JOIN settlements AS s
    ON (s.show_id, s.subject, s.hold_id, s.order_id, s.fence, s.state)
    = (taken.show_id, taken.subject, taken.hold_id, taken.order_id, taken.fence, taken.state)
