UPDATE settlements SET marked = true
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS told (show_id, subject, hold_id, order_id, state)
WHERE settlements.show_id = told.show_id AND settlements.subject = told.subject AND settlements.hold_id = told.hold_id
    AND settlements.order_id = told.order_id AND settlements.state = told.state AND NOT settlements.marked
