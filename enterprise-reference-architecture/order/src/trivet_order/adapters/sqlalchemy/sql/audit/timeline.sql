-- Of every entry: how often its event and its place are told, and the event that the outbox has there; what happened less
-- than a day ago was not pruned.
SELECT position, order_id, order_version, timeline.event_id, outbox.event_id AS recorded,
    count(*) OVER (PARTITION BY timeline.event_id) = 1
        AND count(*) OVER (PARTITION BY order_id, order_version) = 1
        AND CASE WHEN outbox.event_id IS NULL THEN timeline.occurred_on < now() - interval '24 hours' ELSE
            outbox.event_id = timeline.event_id AND outbox.type = timeline.type
            AND outbox.version = timeline.version AND outbox.occurred_on = timeline.occurred_on
        END AS holds
FROM timeline
LEFT JOIN (SELECT event_id, aggregate_id, aggregate_version, type, version, occurred_on FROM outbox) AS outbox
    ON outbox.aggregate_id = timeline.order_id AND outbox.aggregate_version = timeline.order_version
