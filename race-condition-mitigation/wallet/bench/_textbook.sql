\set a random(0, :accounts - 1)
\set b (:a + random(1, :accounts - 1)) % :accounts
\set low least(:a, :b)
\set high greatest(:a, :b)
BEGIN;
SELECT id, balance FROM textbook_accounts WHERE id IN (:low, :high) ORDER BY id FOR UPDATE;
UPDATE textbook_accounts SET balance = balance - 5 WHERE id = :a;
UPDATE textbook_accounts SET balance = balance + 5 WHERE id = :b;
INSERT INTO textbook_transactions (kind) VALUES ('transfer') RETURNING id \gset
INSERT INTO textbook_postings (transaction_id, account_id, amount) VALUES (:id, :a, -5), (:id, :b, 5);
COMMIT;
