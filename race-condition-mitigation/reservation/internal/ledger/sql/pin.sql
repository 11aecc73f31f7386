-- One statement: the epoch is read by the snapshot that inserts, after the show's shared lock was taken.
WITH ground AS (
    SELECT epoch FROM shows WHERE id = $1
), settled AS (
    INSERT INTO settlements (show_id, subject, hold_id, order_id, state, fence, seats, unit_prices_minor, total_minor, currency)
    SELECT $1, $2, $3, $4, $5, nextval('seat_fence'), $6::text[], $7::bigint[], $8, $9
    FROM ground WHERE epoch = $10
    ON CONFLICT DO NOTHING
    RETURNING fence
), placed AS (
    INSERT INTO taken (show_id, seat_id, subject, hold_id, order_id, state, fence, unit_price_minor)
    SELECT $1, seat, $2, $3, $4, $5, fence, price
    FROM settled, unnest($6::text[], $7::bigint[]) AS wanted (seat, price)
)
SELECT (SELECT epoch FROM ground), (SELECT fence FROM settled)
