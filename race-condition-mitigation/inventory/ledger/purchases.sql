SELECT purchase_id, item_id, key, quantity, item_version, stock_after, fence, at
FROM purchases
WHERE outcome = 'purchased'
ORDER BY item_id, item_version
