SELECT operations.subject, operations.kind, operations.key, payload, status, body
FROM operations JOIN unnest(%(subjects)s::text[], %(kinds)s::text[], %(keys)s::text[]) AS asked (subject, kind, key)
    ON operations.subject = asked.subject AND operations.kind = asked.kind AND operations.key = asked.key
