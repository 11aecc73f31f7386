-- Changes rows that nobody has changed since they were read; the others are left alone, and the caller misses them.
WITH change AS (
    SELECT id, row_delta, held_delta, steps, read_version
    FROM json_to_recordset(%(changes)s::json)
        AS c (id text, row_delta bigint, held_delta bigint, steps bigint, read_version bigint)
), locked AS MATERIALIZED (
    SELECT accounts.id FROM accounts JOIN change USING (id) ORDER BY accounts.id FOR NO KEY UPDATE OF accounts
)
UPDATE accounts SET
    row_minor = accounts.row_minor + change.row_delta,
    held_minor = accounts.held_minor + change.held_delta,
    version = accounts.version + change.steps
FROM change JOIN locked USING (id)
WHERE accounts.id = change.id AND accounts.version = change.read_version
RETURNING accounts.id
