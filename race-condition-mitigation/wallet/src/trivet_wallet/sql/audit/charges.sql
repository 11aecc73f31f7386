-- Of every charge: what was given back, taken and asked for. One voided before it came has no accounts and no amount.
SELECT subject, key, state, amount_minor, captured_minor, refunded_minor,
    0 <= refunded_minor AND refunded_minor <= captured_minor AND (state = 'captured') = (captured_minor > 0)
        AND CASE
            WHEN amount_minor IS NULL THEN state = 'voided' AND num_nonnulls(customer_account_id, merchant_account_id) = 0
            ELSE captured_minor <= amount_minor AND num_nulls(customer_account_id, merchant_account_id) = 0
        END AS holds
FROM charges
