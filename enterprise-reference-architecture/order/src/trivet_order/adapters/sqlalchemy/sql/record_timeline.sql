INSERT INTO timeline (order_id, order_version, event_id, type, version, occurred_on, data)
SELECT order_id, order_version, event_id, type, version, occurred_on, CAST(data AS jsonb)
FROM unnest(
    CAST(:order_ids AS uuid[]),
    CAST(:order_versions AS bigint[]),
    CAST(:event_ids AS uuid[]),
    CAST(:types AS text[]),
    CAST(:versions AS smallint[]),
    CAST(:moments AS timestamptz[]),
    CAST(:facts AS text[])
) AS told (order_id, order_version, event_id, type, version, occurred_on, data)
