-- Of every charge that may take money: what it took, beside what its one capture brought to its merchant.
WITH taken AS (
    SELECT operations.subject, charge_key AS key, count(DISTINCT operations.id) AS captures,
        sum(postings.amount_minor) FILTER (WHERE postings.account_id = merchant_account_id) AS moved_minor
    FROM operations
        JOIN postings USING (transaction_id)
        LEFT JOIN charges ON charges.subject = operations.subject AND charges.key = charge_key
    WHERE operations.kind IN ('charge', 'capture')
    GROUP BY operations.subject, charge_key
)
SELECT subject, key, state, captured_minor, coalesce(moved_minor, 0) AS moved_minor, coalesce(captures, 0) AS captures,
    captured_minor = coalesce(moved_minor, 0) AND coalesce(captures, 0) = (state = 'captured')::int AS holds
FROM charges FULL JOIN taken USING (subject, key)
WHERE state IS NULL OR state IN ('authorised', 'captured')
