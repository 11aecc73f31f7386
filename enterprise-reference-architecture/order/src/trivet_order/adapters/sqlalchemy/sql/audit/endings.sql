-- Of every saga: whether it is due, unless it has ended or is parked; and whether it has a shard that is leased.
SELECT order_id, state, due_at, parked, ended_at,
    (ended_at IS NOT NULL) = (state IN ('confirmed', 'cancelled')) AND NOT (ended_at IS NOT NULL AND parked IS NOT NULL)
        AND (due_at IS NULL) = (ended_at IS NOT NULL OR parked IS NOT NULL)
        AND EXISTS (SELECT FROM saga_leases WHERE saga_leases.shard = sagas.shard) AS holds
FROM sagas
