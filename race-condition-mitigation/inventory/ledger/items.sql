SELECT id, initial_stock, stock, item_version
FROM items
ORDER BY id
