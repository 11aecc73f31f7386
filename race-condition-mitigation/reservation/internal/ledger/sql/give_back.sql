WITH released AS (
    UPDATE settlements SET state = 'released', marked = false, settled_at = clock_timestamp()
    WHERE show_id = $1 AND subject = $2 AND hold_id = $3 AND order_id = $4 AND state = 'pinned'
    RETURNING fence
)
DELETE FROM taken USING released
WHERE taken.show_id = $1 AND taken.subject = $2 AND taken.hold_id = $3 AND taken.order_id = $4 AND taken.fence = released.fence
