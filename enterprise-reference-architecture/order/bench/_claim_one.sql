-- The checkout of a shard that is due longest and that nobody else is at; read_sagas.sql follows.
WITH clock AS MATERIALIZED (
    SELECT statement_timestamp() AS now
), wanted AS MATERIALIZED (
    SELECT sagas.*, 1 AS turn
    FROM sagas
    WHERE sagas.shard = $1 AND sagas.attempts = 0 AND sagas.due_at <= statement_timestamp()
    ORDER BY sagas.due_at
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
