-- All that a transaction adds to the books. Postings come in one statement, since each statement must balance.
WITH opening AS (
    SELECT id, owner, kind, currency, hot, external_id
    FROM json_to_recordset(%(accounts)s::json)
        AS a (id text, owner text, kind text, currency text, hot boolean, external_id text)
), opened AS (
    INSERT INTO accounts (id, owner, kind, currency, hot, row_minor, held_minor, version)
    SELECT id, owner, kind, currency, hot, 0, 0, 0 FROM opening
), outside AS (
    INSERT INTO accounts (id, owner, kind, currency, hot, row_minor, held_minor, version)
    SELECT DISTINCT external_id, 'external', 'external', currency, true, 0, 0, 0 FROM opening
    ON CONFLICT (id) DO NOTHING
), moved AS (
    INSERT INTO transactions (id, kind)
    SELECT id, kind FROM json_to_recordset(%(movements)s::json) AS m (id uuid, kind text)
), posted AS (
    INSERT INTO postings (transaction_id, account_id, amount_minor, currency, account_version, balance_minor)
    SELECT transaction_id, account_id, amount_minor, currency, account_version, balance_minor
    FROM json_to_recordset(%(postings)s::json)
        AS p (transaction_id uuid, account_id text, amount_minor bigint, currency text, account_version bigint,
            balance_minor bigint)
    RETURNING id, account_id, amount_minor, account_version
), appended AS (
    INSERT INTO pending (posting_id, account_id, amount_minor)
    SELECT id, account_id, amount_minor FROM posted WHERE account_version IS NULL
), charged AS (
    INSERT INTO charges (id, subject, key, customer_account_id, merchant_account_id, amount_minor, currency, state,
        captured_minor, refunded_minor, version)
    SELECT id, subject, key, customer_account_id, merchant_account_id, amount_minor, currency, state,
        captured_minor, refunded_minor, version
    FROM json_to_recordset(%(charges)s::json)
        AS c (id uuid, subject text, key text, customer_account_id text, merchant_account_id text, amount_minor bigint, currency text,
            state text, captured_minor bigint, refunded_minor bigint, version bigint)
)
INSERT INTO operations (id, kind, subject, key, payload, status, code, body, account_id, counter_account_id,
    amount_minor, charge_key, transaction_id, reason)
SELECT id, kind, subject, key, decode(payload, 'hex'), status, code, body, account_id, counter_account_id,
    amount_minor, charge_key, transaction_id, reason
FROM json_to_recordset(%(entries)s::json)
    AS e (id uuid, kind text, subject text, key text, payload text, status smallint, code text, body text,
        account_id text, counter_account_id text, amount_minor bigint, charge_key text, transaction_id uuid,
        reason text)
