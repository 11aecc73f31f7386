-- Changes charges that nobody has changed since they were read; the others are left alone, and the caller misses them.
WITH change AS (
    SELECT id, state, captured_minor, refunded_minor, version, read_version
    FROM json_to_recordset(%(changes)s::json)
        AS c (id uuid, state text, captured_minor bigint, refunded_minor bigint, version bigint, read_version bigint)
), locked AS MATERIALIZED (
    SELECT charges.id FROM charges JOIN change USING (id) ORDER BY charges.key FOR NO KEY UPDATE OF charges
)
UPDATE charges SET
    state = change.state,
    captured_minor = change.captured_minor,
    refunded_minor = change.refunded_minor,
    version = change.version
FROM change JOIN locked USING (id)
WHERE charges.id = change.id AND charges.version = change.read_version
RETURNING charges.subject, charges.key
