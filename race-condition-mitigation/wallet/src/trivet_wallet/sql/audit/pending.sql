-- Of every pending entry: the posting that it stands for, which no version of a row holds.
SELECT posting_id, pending.account_id, pending.amount_minor, postings.account_id AS posted_to,
    postings.amount_minor AS posted_minor,
    hot AND account_version IS NULL AND postings.account_id = pending.account_id
        AND postings.amount_minor = pending.amount_minor AS holds
FROM pending
    LEFT JOIN postings ON postings.id = posting_id
    LEFT JOIN accounts ON accounts.id = pending.account_id
