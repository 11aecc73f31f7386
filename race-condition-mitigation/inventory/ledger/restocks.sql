SELECT restock_id, item_id, key, quantity, item_version, stock_after, at
FROM restocks
ORDER BY item_id, item_version
