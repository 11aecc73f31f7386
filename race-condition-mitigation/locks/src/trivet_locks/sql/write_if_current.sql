-- The write of what was computed from the read: $1 item, $2 fence, $3 quantity. No row: fenced off, or sold out.
-- `fence = $2` refuses a stale holder; `stock >= $3` is the guard that would hold even without lock and fence.
UPDATE items SET stock = stock - $3
WHERE id = $1 AND fence = $2 AND stock >= $3
RETURNING stock
