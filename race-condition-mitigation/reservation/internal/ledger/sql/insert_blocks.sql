INSERT INTO blocks (show_id, place, name, unit_price_minor, seats) VALUES ($1, $2, $3, $4, $5)
