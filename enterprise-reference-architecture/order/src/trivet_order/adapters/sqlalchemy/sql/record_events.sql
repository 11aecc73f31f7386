-- What happened, to be published; and for an order that was accepted a saga, which is due at once. In one statement,
-- so that there is no moment at which one is there without the other, and no round trip between them.
WITH recorded AS (
    INSERT INTO outbox (event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body)
    SELECT event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body
    FROM unnest(
        CAST(:event_ids AS uuid[]), CAST(:aggregate_ids AS uuid[]), CAST(:aggregate_versions AS bigint[]),
        CAST(:shards AS smallint[]), CAST(:types AS text[]), CAST(:versions AS smallint[]),
        CAST(:moments AS timestamptz[]), CAST(:traceparents AS text[]), CAST(:bodies AS bytea[])
    ) WITH ORDINALITY AS event (
        event_id, aggregate_id, aggregate_version, shard, type, version, occurred_on, traceparent, body, place
    )
    ORDER BY place
)
INSERT INTO sagas (order_id, state) SELECT order_id, 'begin' FROM unnest(CAST(:begun AS uuid[])) AS order_id
