SELECT id AS account_id, owner, kind, currency,
    row_minor + coalesce((SELECT sum(amount_minor) FROM pending WHERE account_id = accounts.id), 0)::bigint
        AS balance_minor,
    held_minor, version
FROM accounts
ORDER BY id
