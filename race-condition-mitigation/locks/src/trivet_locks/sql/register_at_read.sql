-- The read, and at once the registration of the reader: $1 item, $2 fence. No row means that a later holder was here.
-- The row now refuses every earlier fence, so whoever read before this can no longer write what they computed.
UPDATE items SET fence = $2
WHERE id = $1 AND fence < $2
RETURNING stock
