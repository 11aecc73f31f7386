SELECT id, owner, kind, currency,
    row_minor + coalesce((SELECT sum(amount_minor) FROM pending WHERE account_id = accounts.id), 0)::bigint, held_minor
FROM accounts
WHERE id = %s
