SELECT id, subject, key, customer_account_id, merchant_account_id, amount_minor, currency, state, captured_minor,
    refunded_minor, version
FROM charges
WHERE subject = %s AND key = %s
