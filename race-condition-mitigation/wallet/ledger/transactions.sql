SELECT transactions.id AS transaction_id, transactions.kind, operations.id AS operation_id, transactions.at
FROM transactions LEFT JOIN operations ON operations.transaction_id = transactions.id
ORDER BY transactions.at, transactions.id
