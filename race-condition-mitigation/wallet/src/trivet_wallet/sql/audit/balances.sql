-- Of every account: what its row and its pending entries hold, beside what its postings sum to.
WITH posted AS (
    SELECT account_id, sum(amount_minor) AS posted_minor FROM postings GROUP BY account_id
), waiting AS (
    SELECT account_id, sum(amount_minor) AS pending_minor FROM pending GROUP BY account_id
)
SELECT account_id, row_minor, coalesce(pending_minor, 0) AS pending_minor, coalesce(posted_minor, 0) AS posted_minor,
    row_minor + coalesce(pending_minor, 0) = coalesce(posted_minor, 0) AS holds
FROM (SELECT id AS account_id, row_minor FROM accounts) AS account
    FULL JOIN posted USING (account_id)
    FULL JOIN waiting USING (account_id)
