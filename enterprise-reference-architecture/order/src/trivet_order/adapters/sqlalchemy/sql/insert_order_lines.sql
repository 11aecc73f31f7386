-- The lines of a new order, in their order.
INSERT INTO order_lines (order_id, position, item_id, show_id, hold_id, token, quantity, price_minor, currency)
SELECT CAST(:order_id AS uuid), position, item_id, show_id, hold_id, token, quantity, price_minor, currency
FROM unnest(
    CAST(:item_ids AS text[]), CAST(:show_ids AS text[]), CAST(:hold_ids AS text[]), CAST(:tokens AS text[]),
    CAST(:quantities AS bigint[]), CAST(:prices_minor AS bigint[]), CAST(:currencies AS text[])
) WITH ORDINALITY AS line (item_id, show_id, hold_id, token, quantity, price_minor, currency, position)
