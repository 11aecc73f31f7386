SELECT id AS operation_id, kind, key, status, code, account_id, counter_account_id, amount_minor, charge_key,
    transaction_id, body, subject
FROM operations
ORDER BY at, id
