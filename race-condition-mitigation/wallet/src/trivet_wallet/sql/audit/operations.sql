-- Of every operation that moved money, or should have: the transaction that did, with two postings between its two
-- accounts. Of every transaction: the operation that asked for it. Whether a charge had to take money at once stands in
-- no column; that it took what it says is the captures' rule.
WITH moved AS (
    SELECT transaction_id, count(*) AS postings,
        min(account_id) FILTER (WHERE amount_minor < 0) AS debited,
        min(account_id) FILTER (WHERE amount_minor > 0) AS credited,
        sum(amount_minor) FILTER (WHERE amount_minor > 0) AS moved_minor
    FROM postings GROUP BY transaction_id
), asked AS (
    SELECT id AS operation_id, kind, status, transaction_id, amount_minor,
        CASE WHEN kind <> 'deposit' THEN account_id END AS debit,
        CASE WHEN kind = 'deposit' THEN account_id ELSE counter_account_id END AS credit
    FROM operations
    WHERE transaction_id IS NOT NULL
        OR status < 400 AND kind IN ('deposit', 'transfer', 'capture', 'refund', 'adjustment')
)
SELECT operation_id, asked.kind, transactions.id AS transaction_id, amount_minor, moved_minor, debited, credited,
    status < 400 AND postings = 2 AND moved_minor = amount_minor AND credited = credit
        AND (debited = debit OR asked.kind = 'deposit' AND debited LIKE 'external-%')
        AND transactions.kind = CASE asked.kind WHEN 'charge' THEN 'capture' ELSE asked.kind END AS holds
FROM asked
    FULL JOIN transactions ON transactions.id = asked.transaction_id
    LEFT JOIN moved ON moved.transaction_id = transactions.id
