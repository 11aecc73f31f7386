-- The sagas that are wanted with their orders, a row a line, all as they are at one moment; and what time that is, in
-- a row of its own if nothing is wanted.
SELECT clock.now, saga.*
FROM clock
LEFT JOIN (
    SELECT wanted.turn, wanted.shard, wanted.state AS saga_state, wanted.version AS saga_version, wanted.attempts,
           wanted.refusals, wanted.deadline_at, wanted.reason, wanted.parked,
           orders.id, orders.customer_id, orders.account_id, orders.status, orders.version,
           orders.cancellation_requested, orders.cancel_reason,
           line.item_id, line.show_id, line.hold_id, line.token, line.quantity, line.price_minor, line.currency,
           line.position
    FROM wanted
    JOIN orders ON orders.id = wanted.order_id
    JOIN order_lines AS line ON line.order_id = wanted.order_id
) AS saga ON true
ORDER BY saga.turn, saga.position
