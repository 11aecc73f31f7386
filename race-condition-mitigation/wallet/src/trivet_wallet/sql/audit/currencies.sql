-- Of every currency: all its accounts together, and the postings to them that are in another.
WITH waiting AS (
    SELECT account_id, sum(amount_minor) AS pending_minor FROM pending GROUP BY account_id
), owned AS (
    SELECT currency, count(*) AS accounts, sum(row_minor + coalesce(pending_minor, 0)) AS sum_minor
    FROM accounts LEFT JOIN waiting ON waiting.account_id = accounts.id
    GROUP BY currency
), strange AS (
    SELECT accounts.currency, count(*) AS foreign_postings
    FROM postings JOIN accounts ON accounts.id = account_id AND accounts.currency <> postings.currency
    GROUP BY accounts.currency
)
SELECT currency, accounts, sum_minor, coalesce(foreign_postings, 0) AS foreign_postings,
    sum_minor = 0 AND foreign_postings IS NULL AS holds
FROM owned LEFT JOIN strange USING (currency)
