-- LATERAL and LIMIT leave the planner one way, the unique index by each key. As a plain join it reads the whole table
-- while that is small, and a prepared statement goes on doing so until somebody analyses a table that has grown.
SELECT asked.subject, asked.kind, asked.key, found.payload, found.status, found.body
FROM unnest(%(subjects)s::text[], %(kinds)s::text[], %(keys)s::text[]) AS asked (subject, kind, key)
    CROSS JOIN LATERAL (
        SELECT payload, status, body
        FROM operations
        WHERE operations.subject = asked.subject AND operations.kind = asked.kind AND operations.key = asked.key
        LIMIT 1
    ) AS found
