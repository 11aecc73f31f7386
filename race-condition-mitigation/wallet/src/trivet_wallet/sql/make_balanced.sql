-- Which transaction wrote a posting: the one order in which entries of many writers can be read without a gap.
ALTER TABLE postings ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX postings_appended ON postings (account_id, written_by, id) WHERE account_version IS NULL;

-- A posting has its account's currency, and its account.
ALTER TABLE postings ADD CONSTRAINT postings_account_currency
    FOREIGN KEY (account_id, currency) REFERENCES accounts (id, currency);

CREATE FUNCTION ledger_wants_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fault text;
BEGIN
    -- Every statement balances what it adds to a transaction, so the whole of each does, at any moment.
    SELECT transaction_id INTO fault FROM arrived
    GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % does not balance', fault USING ERRCODE = 'check_violation';
    END IF;
    -- What is pending is no part of the row that the overdraft check looks at: it may only add, but for the world outside.
    SELECT account_id INTO fault FROM arrived JOIN accounts ON accounts.id = account_id
    WHERE account_version IS NULL AND amount_minor < 0 AND kind <> 'external' LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'account % is debited without its row', fault USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER balanced AFTER INSERT ON postings REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_wants_balance();
