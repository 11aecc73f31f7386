SELECT id AS posting_id, transaction_id, account_id, amount_minor, currency, account_version
FROM postings
ORDER BY id
