-- Of every account: what it holds, beside its charges that are authorised.
WITH authorised AS (
    SELECT customer_account_id AS account_id, sum(amount_minor) AS authorised_minor
    FROM charges WHERE state = 'authorised' GROUP BY customer_account_id
)
SELECT account_id, held_minor, coalesce(authorised_minor, 0) AS authorised_minor,
    held_minor = coalesce(authorised_minor, 0) AS holds
FROM (SELECT id AS account_id, held_minor FROM accounts) AS account FULL JOIN authorised USING (account_id)
