-- Moves pending entries into the rows of their accounts, in one statement: a reader of both sees them once.
WITH locked AS MATERIALIZED (
    SELECT id FROM accounts WHERE id = ANY (%(ids)s) AND hot ORDER BY id FOR NO KEY UPDATE
), taken AS (
    DELETE FROM pending USING locked WHERE pending.account_id = locked.id
    RETURNING pending.account_id, pending.amount_minor
), added AS (
    SELECT account_id, sum(amount_minor)::bigint AS amount_minor FROM taken GROUP BY account_id
)
UPDATE accounts SET row_minor = accounts.row_minor + added.amount_minor, version = accounts.version + 1
FROM added WHERE accounts.id = added.account_id
