SELECT subject, hold_id, line.item_id, line.quantity, line.unit_price_minor
FROM stock_holds,
     ROWS FROM (jsonb_to_recordset(lines) AS (item_id text, quantity bigint, unit_price_minor bigint)) WITH ORDINALITY
         AS line (item_id, quantity, unit_price_minor, place)
ORDER BY subject, hold_id, place
