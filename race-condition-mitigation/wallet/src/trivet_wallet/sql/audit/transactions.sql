-- Of every transaction: how many postings it has, and how many of its currencies do not sum to 0.
WITH summed AS (
    SELECT transaction_id, currency, count(*) AS postings, sum(amount_minor) AS sum_minor
    FROM postings GROUP BY transaction_id, currency
), posted AS (
    SELECT transaction_id, sum(postings) AS postings, count(*) FILTER (WHERE sum_minor <> 0) AS unbalanced
    FROM summed GROUP BY transaction_id
)
SELECT coalesce(transactions.id, transaction_id) AS transaction_id, coalesce(postings, 0) AS postings, unbalanced,
    transactions.id IS NOT NULL AND postings >= 2 AND unbalanced = 0 AS holds
FROM transactions FULL JOIN posted ON transaction_id = transactions.id
