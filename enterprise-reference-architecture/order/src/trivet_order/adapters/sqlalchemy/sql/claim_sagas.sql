-- What is due of the shards that a holder leases, without what it has in hand; read_sagas.sql follows.
-- Of each shard a share of the fresh ones and one of those that are tried again, each from an index that has nothing
-- else; half of the limit is for either, and what one leaves of it is for the other. The longest due come first.
WITH clock AS MATERIALIZED (
    SELECT statement_timestamp() AS now
), held AS MATERIALIZED (
    SELECT lease.shard
    FROM saga_leases AS lease
    JOIN unnest($2::smallint[], $3::bigint[]) AS mine (shard, fence) USING (shard, fence)
    WHERE lease.holder = $1 AND lease.until > statement_timestamp()
), due AS (
    SELECT fresh.*
    FROM held
    CROSS JOIN LATERAL (
        SELECT sagas.*
        FROM sagas
        WHERE sagas.shard = held.shard AND sagas.attempts = 0 AND sagas.due_at <= statement_timestamp()
          AND sagas.order_id <> ALL ($4::uuid[])
        ORDER BY sagas.due_at
        LIMIT $5
    ) AS fresh
    UNION ALL
    SELECT retrying.*
    FROM held
    CROSS JOIN LATERAL (
        SELECT sagas.*
        FROM sagas
        WHERE sagas.shard = held.shard AND sagas.attempts > 0 AND sagas.due_at <= statement_timestamp()
          AND sagas.order_id <> ALL ($4::uuid[])
        ORDER BY sagas.due_at
        LIMIT $5
    ) AS retrying
), placed AS (
    SELECT due.*, row_number() OVER (PARTITION BY attempts = 0 ORDER BY due_at) AS place FROM due
), wanted AS MATERIALIZED (
    SELECT placed.*, row_number() OVER (ORDER BY due_at) AS turn
    FROM (SELECT * FROM placed ORDER BY place > ($6::int + 1) / 2, due_at LIMIT $6) AS placed
)
