SELECT id AS charge_id, key, customer_account_id, merchant_account_id, amount_minor, currency, state, captured_minor,
    refunded_minor, subject
FROM charges
ORDER BY key, subject
