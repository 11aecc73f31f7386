-- Of every charge: what was given back of it, beside what its refunds brought to its customer.
WITH given AS (
    SELECT operations.subject, charge_key AS key, count(DISTINCT operations.id) AS refunds,
        sum(postings.amount_minor) FILTER (WHERE postings.account_id = customer_account_id) AS moved_minor
    FROM operations
        JOIN postings USING (transaction_id)
        LEFT JOIN charges ON charges.subject = operations.subject AND charges.key = charge_key
    WHERE operations.kind = 'refund'
    GROUP BY operations.subject, charge_key
)
SELECT subject, key, state, refunded_minor, coalesce(moved_minor, 0) AS moved_minor, coalesce(refunds, 0) AS refunds,
    refunded_minor = coalesce(moved_minor, 0) AS holds
FROM charges FULL JOIN given USING (subject, key)
