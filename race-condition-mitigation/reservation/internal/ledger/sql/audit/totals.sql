-- Of every settlement: its total beside the sum of its prices.
SELECT show_id, hold_id, subject, order_id, total_minor,
    total_minor = coalesce((SELECT sum(price) FROM unnest(unit_prices_minor) AS price), 0)
        AND cardinality(seats) = cardinality(unit_prices_minor) AS holds
FROM settlements
