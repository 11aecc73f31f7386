-- Sagas by their orders, those of the shards that a holder leases; read_sagas.sql follows.
WITH clock AS MATERIALIZED (
    SELECT statement_timestamp() AS now
), wanted AS MATERIALIZED (
    SELECT sagas.*, row_number() OVER (ORDER BY sagas.order_id) AS turn
    FROM saga_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    JOIN sagas USING (shard)
    WHERE lease.holder = $1 AND lease.until > statement_timestamp() AND sagas.order_id = ANY ($4::uuid[])
)
