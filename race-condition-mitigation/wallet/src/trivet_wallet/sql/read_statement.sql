-- Of an account that is not hot: every entry has the version of the row that holds it, and that row's balance.
SELECT transaction_id, kind, at, amount_minor, balance_minor, account_version, 0
FROM postings JOIN transactions ON transactions.id = transaction_id
WHERE account_id = %(account)s AND account_version > %(first)s::text::bigint AND %(second)s::bigint = 0
ORDER BY account_version
LIMIT %(limit)s
