-- Writes all that a transaction decided, for any number of holds, and says how many rows that touched. Everything but
-- what is inserted is locked; of new names the ones that others have committed meanwhile are left out of `made`. An
-- item is only written if it is at the version that was read.
-- $1-$12 new holds, $13-$16 changed ones, $17-$20 items, $21-$27 moves
WITH made AS (
    INSERT INTO stock_holds (subject, hold_id, state, order_id, payload, lines, total_minor, currency, short_item_id,
                             ttl_ms, expires_at, due_at)
    SELECT subject, hold_id, state, order_id, payload, lines::jsonb, total_minor, currency, short_item_id, ttl_ms,
           expires_at, due_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bigint[], $8::text[],
                $9::text[], $10::bigint[], $11::timestamptz[], $12::timestamptz[])
        AS new (subject, hold_id, state, order_id, payload, lines, total_minor, currency, short_item_id, ttl_ms,
                expires_at, due_at)
    ON CONFLICT (subject, hold_id) DO NOTHING
    RETURNING 1
), changed AS (
    UPDATE stock_holds AS h
    SET state = now.state, order_id = now.order_id, due_at = NULL, at = clock_timestamp()
    FROM unnest($13::text[], $14::text[], $15::text[], $16::text[]) AS now (subject, hold_id, state, order_id)
    WHERE h.subject = now.subject AND h.hold_id = now.hold_id
    RETURNING 1
), stocked AS (
    UPDATE items AS i
    SET stock = i.stock + now.change, item_version = now.item_version
    FROM unnest($17::text[], $18::bigint[], $19::bigint[], $20::bigint[]) AS now (id, read_version, change, item_version)
    WHERE i.id = now.id AND i.item_version = now.read_version
    RETURNING 1
), moved AS (
    INSERT INTO stock_moves (subject, hold_id, item_id, item_version, kind, quantity, stock_after)
    SELECT * FROM unnest($21::text[], $22::text[], $23::text[], $24::bigint[], $25::text[], $26::bigint[], $27::bigint[])
)
SELECT (SELECT count(*) FROM made) AS made, (SELECT count(*) FROM changed) AS changed,
       (SELECT count(*) FROM stocked) AS stocked
