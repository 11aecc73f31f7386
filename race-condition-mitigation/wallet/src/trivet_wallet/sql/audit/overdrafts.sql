-- Of every account but the world outside: what may be spent of its row.
SELECT id AS account_id, row_minor, held_minor, row_minor - held_minor >= 0 AS holds
FROM accounts
WHERE kind <> 'external'
