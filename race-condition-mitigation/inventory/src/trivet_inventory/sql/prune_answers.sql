-- Forgets bodies that their own rows can tell again, a bounded number at a time.
-- $1 age, $2 how many
DELETE FROM answers
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM answers
    WHERE operation IN ('buy-item', 'restock') AND at < now() - $1::interval
    LIMIT $2
))
