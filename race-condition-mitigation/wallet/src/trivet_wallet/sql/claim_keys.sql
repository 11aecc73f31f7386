SELECT ordinal, pg_try_advisory_xact_lock(lock)
FROM unnest(%(locks)s::bigint[]) WITH ORDINALITY AS asked (lock, ordinal)
