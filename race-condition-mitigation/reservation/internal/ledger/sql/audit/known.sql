-- Of every seat that is taken: whether its show has it, at that price.
SELECT taken.show_id, taken.seat_id, taken.unit_price_minor, blocks.unit_price_minor AS price_minor,
    coalesce(taken.unit_price_minor = blocks.unit_price_minor, false) AS holds
FROM taken LEFT JOIN blocks ON blocks.show_id = taken.show_id AND taken.seat_id = ANY (blocks.seats)
