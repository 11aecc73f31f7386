-- Of a hot account: in the order of the transactions that wrote them, as far as no earlier one can still commit.
WITH entry AS (
    (SELECT * FROM postings
    WHERE account_id = %(account)s AND account_version IS NULL
        AND written_by < pg_snapshot_xmin(pg_current_snapshot())
        AND (written_by, id) > (%(first)s::text::xid8, %(second)s::bigint)
    ORDER BY written_by, id LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM postings
    WHERE account_id = %(account)s AND account_version IS NOT NULL
        AND written_by < pg_snapshot_xmin(pg_current_snapshot())
        AND (written_by, id) > (%(first)s::text::xid8, %(second)s::bigint)
    ORDER BY written_by, id LIMIT %(limit)s)
)
SELECT transaction_id, kind, at, amount_minor, NULL, written_by::text::bigint, entry.id
FROM entry JOIN transactions ON transactions.id = transaction_id
ORDER BY written_by, entry.id
LIMIT %(limit)s
