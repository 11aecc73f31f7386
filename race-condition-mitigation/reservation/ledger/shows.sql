SELECT id AS show_id, name, currency, seats, created_at
FROM shows
ORDER BY id
