-- What an order's lines cost, once their sellers have said so.
UPDATE order_lines SET price_minor = line.price_minor, currency = line.currency
FROM unnest(CAST(:prices_minor AS bigint[]), CAST(:currencies AS text[]))
    WITH ORDINALITY AS line (price_minor, currency, position)
WHERE order_id = CAST(:order_id AS uuid) AND order_lines.position = line.position
