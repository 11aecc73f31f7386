-- Writes what was computed from what was read, whatever is there by now.
UPDATE accounts SET row_minor = change.row_minor, held_minor = change.held_minor, version = change.version
FROM json_to_recordset(%(changes)s::json) AS change (id text, row_minor bigint, held_minor bigint, version bigint)
WHERE accounts.id = change.id
RETURNING accounts.id
