-- Of every posting that changed a row, in the order of the row's versions: what was there before it, beside what the
-- posting before it left. Between two of a hot account's a fold may have added; every other account's continue exactly.
WITH chained AS (
    SELECT account_id, account_version, postings.id AS posting_id, hot, accounts.version AS row_version,
        balance_minor - amount_minor AS before_minor,
        lag(balance_minor, 1, 0::bigint) OVER chain AS left_minor,
        lag(account_version, 1, 0::bigint) OVER chain AS previous_version,
        lag(postings.id, 1, 0::bigint) OVER chain AS previous_id
    FROM postings JOIN accounts ON accounts.id = account_id
    WHERE account_version IS NOT NULL OR NOT hot
    WINDOW chain AS (PARTITION BY account_id ORDER BY account_version, postings.id)
)
SELECT account_id, account_version, posting_id, before_minor, left_minor, previous_version, row_version,
    account_version > previous_version AND account_version <= row_version AND posting_id > previous_id
        AND CASE
            WHEN hot AND account_version > previous_version + 1 THEN before_minor >= left_minor
            ELSE before_minor = left_minor
        END AS holds
FROM chained
