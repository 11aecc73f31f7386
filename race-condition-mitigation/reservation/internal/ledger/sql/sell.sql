WITH sold AS (
    UPDATE settlements SET state = 'sold', marked = false, settled_at = clock_timestamp()
    WHERE show_id = $1 AND subject = $2 AND hold_id = $3 AND order_id = $4 AND state = 'pinned'
    RETURNING fence
)
UPDATE taken SET state = 'sold'
FROM sold
WHERE taken.show_id = $1 AND taken.subject = $2 AND taken.hold_id = $3 AND taken.order_id = $4 AND taken.fence = sold.fence
