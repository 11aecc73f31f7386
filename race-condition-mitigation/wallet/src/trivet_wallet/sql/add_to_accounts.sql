-- Changes rows that this transaction has locked, so that what was read of them is what is there.
UPDATE accounts SET
    row_minor = accounts.row_minor + change.row_delta,
    held_minor = accounts.held_minor + change.held_delta,
    version = accounts.version + change.steps
FROM json_to_recordset(%(changes)s::json) AS change (id text, row_delta bigint, held_delta bigint, steps bigint)
WHERE accounts.id = change.id
RETURNING accounts.id
