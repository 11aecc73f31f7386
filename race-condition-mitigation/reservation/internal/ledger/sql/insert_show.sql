INSERT INTO shows (id, name, currency, seats) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
