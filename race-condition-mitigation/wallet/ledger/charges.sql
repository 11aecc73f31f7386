SELECT id AS charge_id, key, customer_account_id, merchant_account_id, amount_minor, currency, state, captured_minor,
    refunded_minor
FROM charges
ORDER BY key
