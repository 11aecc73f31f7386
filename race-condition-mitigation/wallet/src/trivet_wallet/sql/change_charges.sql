UPDATE charges SET
    state = change.state,
    captured_minor = change.captured_minor,
    refunded_minor = change.refunded_minor,
    version = change.version
FROM json_to_recordset(%(changes)s::json)
    AS change (id uuid, state text, captured_minor bigint, refunded_minor bigint, version bigint)
WHERE charges.id = change.id
RETURNING charges.subject, charges.key
