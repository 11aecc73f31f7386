SELECT subject, hold_id, item_id, kind, quantity, item_version, stock_after, at
FROM stock_moves
ORDER BY item_id, item_version
