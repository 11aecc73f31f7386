-- One saga by its order, whoever leases its shard; read_sagas.sql follows.
WITH clock AS MATERIALIZED (
    SELECT statement_timestamp() AS now
), wanted AS MATERIALIZED (
    SELECT sagas.*, 1 AS turn FROM sagas WHERE order_id = $1
)
