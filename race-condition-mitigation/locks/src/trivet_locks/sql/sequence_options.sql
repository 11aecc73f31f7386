-- What decides whether a sequence only grows: $1 its name, schema-qualified if need be.
SELECT seqcache = 1 AND seqincrement > 0 AND NOT seqcycle
FROM pg_catalog.pg_sequence
WHERE seqrelid = $1::text::regclass
