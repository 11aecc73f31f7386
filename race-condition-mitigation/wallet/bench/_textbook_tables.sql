CREATE TABLE textbook_accounts (id int PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE TABLE textbook_transactions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE textbook_postings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id bigint NOT NULL REFERENCES textbook_transactions,
    account_id int NOT NULL REFERENCES textbook_accounts,
    amount bigint NOT NULL
);
INSERT INTO textbook_accounts SELECT id, 1000000000 FROM generate_series(0, %(accounts)s - 1) AS id;
