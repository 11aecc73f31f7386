"""The audit proves right books, and names the one promise that each kind of damage breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from trivet_wallet import audit

RULES = {
    "balances", "pending", "currencies", "transactions", "versions", "overdrafts",
    "holds", "charges", "captures", "refunds", "voids", "operations",
}  # fmt: skip

# Each leaves every other promise as it is: (the rule, what offends first, the damage). The database's own guards are
# out of the way: replication's role runs no trigger and no foreign key, and constraints are dropped.
DAMAGE = {
    "two rows that lost updates": (
        "balances",
        {"account_id": "alice-eur"},
        """UPDATE accounts SET row_minor = row_minor + CASE id WHEN 'alice-eur' THEN 1 ELSE -1 END
           WHERE id IN ('alice-eur', 'bob-eur')""",
    ),
    "postings of nobody": (
        "balances",
        {"account_id": "ghost-eur"},
        """WITH made AS (
               INSERT INTO transactions (id, kind) VALUES (gen_random_uuid(), 'transfer') RETURNING id
           ), said AS (
               INSERT INTO operations (id, kind, subject, key, payload, status, body, account_id, counter_account_id,
                   amount_minor, transaction_id)
               SELECT gen_random_uuid(), 'transfer', 'anonymous', 'ghost', '', 201, '{}', 'ghost-eur', 'spook-eur',
                   5, id
               FROM made
           )
           INSERT INTO postings (transaction_id, account_id, amount_minor, currency)
           SELECT id, account_id, amount_minor, 'EUR'
           FROM made, (VALUES ('ghost-eur', -5), ('spook-eur', 5)) AS p (account_id, amount_minor)""",
    ),
    "an entry folded into another's row": (
        "balances",
        {"account_id": "bob-eur"},
        """DELETE FROM pending WHERE amount_minor = 50;
           UPDATE accounts SET row_minor = row_minor + 50 WHERE id = 'bob-eur'""",
    ),
    "pending entries that say something else": (
        "pending",
        {"account_id": "shop-eur"},
        "UPDATE pending SET amount_minor = 110 - amount_minor WHERE account_id = 'shop-eur'",
    ),
    "a currency that is another": (
        "currencies",
        {"currency": "EUR"},
        "UPDATE accounts SET currency = 'GBP' WHERE id = 'alice-eur'",
    ),
    "one leg of two transactions": (
        "transactions",
        {"postings": 1, "unbalanced": 1},
        """INSERT INTO postings (transaction_id, account_id, amount_minor, currency)
           VALUES (gen_random_uuid(), 'shop-eur', 7, 'EUR'), (gen_random_uuid(), 'shop-eur', -7, 'EUR')""",
    ),
    "a balance that was computed from a stale one": (
        "versions",
        {"account_id": "bob-eur", "account_version": 2, "before_minor": 5001, "left_minor": 5000},
        "UPDATE postings SET balance_minor = balance_minor + 1 WHERE account_id = 'bob-eur' AND account_version = 2",
    ),
    "two postings of one version": (
        "versions",
        {"account_id": "alice-eur", "account_version": 1, "previous_version": 1},
        """DROP INDEX postings_one_a_version;
           UPDATE postings SET account_version = 1 WHERE account_id = 'alice-eur' AND account_version = 2""",
    ),
    "a version that its row never had": (
        "versions",
        {"account_id": "dora-usd", "account_version": 9},
        "UPDATE postings SET account_version = 9 WHERE account_id = 'dora-usd'",
    ),
    "a customer's posting without a version": (
        "versions",
        {"account_id": "dora-usd", "account_version": None},
        "UPDATE postings SET account_version = NULL, balance_minor = NULL WHERE account_id = 'dora-usd'",
    ),
    "a hot account's row that shrank by itself": (
        "versions",
        {"account_id": "shop-eur"},
        """UPDATE postings SET balance_minor = 9999 WHERE id =
           (SELECT min(id) FROM postings WHERE account_id = 'shop-eur' AND account_version IS NOT NULL)""",
    ),
    "more held than is there": (
        "overdrafts",
        {"account_id": "dora-usd", "row_minor": 700, "held_minor": 800},
        """ALTER TABLE accounts DROP CONSTRAINT accounts_not_overdrawn;
           UPDATE accounts SET held_minor = 800 WHERE id = 'dora-usd';
           INSERT INTO charges (id, subject, key, customer_account_id, merchant_account_id, amount_minor, currency,
               state, captured_minor, refunded_minor, version)
           VALUES (gen_random_uuid(), 'anonymous', 'order-9', 'dora-usd', 'shop-eur', 800, 'USD', 'authorised',
               0, 0, 0)""",
    ),
    "a hold that outlived its charge": (
        "holds",
        {"account_id": "bob-eur", "held_minor": 200, "authorised_minor": 0},
        "UPDATE accounts SET held_minor = 200 WHERE id = 'bob-eur'",
    ),
    "a charge that took more than it asked for": (
        "charges",
        {"key": "order-1", "amount_minor": 1_999, "captured_minor": 2_000},
        """ALTER TABLE charges DROP CONSTRAINT charges_refunded_within_captured;
           UPDATE charges SET amount_minor = 1999 WHERE key = 'order-1'""",
    ),
    "a tombstone with an account": (
        "charges",
        {"key": "order-6"},
        "UPDATE charges SET customer_account_id = 'bob-eur' WHERE key = 'order-6'",
    ),
    "a capture that says less than it moved": (
        "captures",
        {"key": "order-2", "captured_minor": 599, "moved_minor": 600},
        "UPDATE charges SET captured_minor = 599 WHERE key = 'order-2'",
    ),
    "a capture of nothing": (
        "captures",
        {"key": "order-99"},
        """UPDATE operations SET charge_key = 'order-99' WHERE key = 'order-8';
           DELETE FROM charges WHERE key = 'order-8'""",
    ),
    "a refund that nobody counted": (
        "refunds",
        {"key": "order-1", "refunded_minor": 500, "moved_minor": 750},
        "UPDATE charges SET refunded_minor = 500 WHERE key = 'order-1'",
    ),
    "a voided charge that took money": (
        "voids",
        {"key": "order-8", "state": "voided", "captures": 1},
        "UPDATE charges SET state = 'voided', captured_minor = 0 WHERE key = 'order-8'",
    ),
    "an operation that says another amount": (
        "operations",
        {"kind": "transfer", "amount_minor": 1_501, "moved_minor": 1_500},
        "UPDATE operations SET amount_minor = 1501 WHERE key = 'transfer-1'",
    ),
    "an operation without its transaction": (
        "operations",
        {"kind": "deposit", "transaction_id": None},
        """INSERT INTO operations (id, kind, subject, key, payload, status, body, account_id, amount_minor)
           VALUES (gen_random_uuid(), 'deposit', 'anonymous', 'lost', '', 201, '{}', 'alice-eur', 5)""",
    ),
    "a transaction that nobody asked for": (
        "operations",
        {"operation_id": None},
        "DELETE FROM operations WHERE key = 'transfer-1'",
    ),
    "a refusal that moved money": (
        "operations",
        {"kind": "transfer"},
        "UPDATE operations SET status = 402 WHERE key = 'transfer-1'",
    ),
}


def audited(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        return audit.audit(connection).as_dict()


def broken(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {rule["name"]: rule["offenders"] for rule in found["rules"] if not rule["proven"]}


def damage(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statements)


def test_right_books_are_proven(books: str) -> None:
    found = audited(books)
    assert broken(found) == {}
    assert found["proven"]
    assert {rule["name"] for rule in found["rules"]} == RULES
    observed = {rule["name"]: rule["observed"] for rule in found["rules"]}
    assert min(observed.values()) > 0, "a rule that looked at nothing proves nothing"
    assert (observed["balances"], observed["transactions"], observed["charges"]) == (6, 11, 8)


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_by_its_rule_alone(books: str, name: str) -> None:
    rule, first, statements = DAMAGE[name]
    damage(books, statements)
    found = broken(audited(books))
    assert found.keys() == {rule}
    assert first.items() <= found[rule][0].items()


def test_every_rule_has_its_damage() -> None:
    assert {rule for rule, _, _ in DAMAGE.values()} == RULES


def test_all_rules_judge_one_moment(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = audit._judged

    def judged_while_it_changes(connection: psycopg.Connection[Any], rule: audit.Rule) -> audit.Finding:
        finding = judged(connection, rule)
        if rule == audit.RULES[0]:
            damage(books, "UPDATE charges SET state = 'voided' WHERE state = 'authorised'")
        return finding

    monkeypatch.setattr(audit, "_judged", judged_while_it_changes)
    assert audited(books)["proven"]
    monkeypatch.undo()
    assert broken(audited(books)).keys() == {"holds"}


def test_an_audit_changes_nothing(books: str) -> None:
    with psycopg.connect(books) as connection:
        audit.audit(connection)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM pending")


def test_a_machine_reads_one_object(books: str, wallet_command: Callable[..., Any]) -> None:
    right = wallet_command(books, "audit", "--json")
    assert (right.returncode, right.stderr) == (0, "")
    assert json.loads(right.stdout) == audited(books)
    damage(books, "DELETE FROM operations")
    wrong = wallet_command(books, "audit", "--json")
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert json.loads(wrong.stdout) == audited(books)


def test_a_person_reads_a_line_a_rule(books: str, wallet_command: Callable[..., Any]) -> None:
    damage(books, "UPDATE transactions SET kind = 'adjustment'")
    done = wallet_command(books, "audit")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert sum(line.startswith("✓") for line in lines) == len(RULES) - 1
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ operations"))
    assert "(11 of 11 operations)" in lines[at]
    assert "moved_minor" in lines[at + 1]
    assert lines[at + 6].strip() == "… and 6 more"


def test_it_says_when_it_cannot_run(database: str, wallet_command: Callable[..., Any]) -> None:
    away = wallet_command("postgresql://nobody:x@127.0.0.1:1/nothing", "audit")
    assert (away.returncode, away.stdout) == (2, "")
    assert "cannot be reached" in away.stderr
    empty = wallet_command(database, "audit", "--json")
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "no books yet" in empty.stderr


@pytest.mark.long
def test_a_large_ledger_is_proven(books: str) -> None:
    """A hundred thousand postings more, of fifty thousand deposits to a hundred customers."""
    with psycopg.connect(books) as connection:
        connection.execute(LARGE)
    found = audited(books)
    assert broken(found) == {}
    assert {rule["name"]: rule["observed"] for rule in found["rules"]}["transactions"] == 50_011
    moved = "UPDATE accounts SET row_minor = row_minor + CASE id WHEN 'large-50' THEN 1 ELSE -1 END"
    damage(books, f"{moved} WHERE id IN ('large-50', 'large-51')")
    assert broken(audited(books)).keys() == {"balances"}


LARGE = """
    INSERT INTO accounts (id, owner, kind, currency, hot, row_minor, held_minor, version)
        SELECT 'large-' || n, 'large', 'customer', 'EUR', false, 500 * 3, 0, 500 FROM generate_series(1, 100) n;
    CREATE TEMPORARY TABLE made AS
        SELECT n, gen_random_uuid() AS id, 'large-' || (n % 100 + 1) AS account_id, n / 100 + 1 AS version
        FROM generate_series(0, 49999) n;
    INSERT INTO transactions (id, kind) SELECT id, 'deposit' FROM made;
    INSERT INTO operations (id, kind, subject, key, payload, status, body, account_id, amount_minor, transaction_id)
        SELECT gen_random_uuid(), 'deposit', 'large', n::text, '', 201, '{}', account_id, 3, id FROM made;
    WITH legs AS (
        SELECT n, id, account_id, 3 AS amount_minor, version, version * 3 AS balance_minor FROM made
        UNION ALL SELECT n, id, 'external-eur', -3, NULL, NULL FROM made
    )
    INSERT INTO postings (transaction_id, account_id, amount_minor, currency, account_version, balance_minor)
        SELECT id, account_id, amount_minor, 'EUR', version, balance_minor FROM legs ORDER BY n;
    INSERT INTO pending (posting_id, account_id, amount_minor)
        SELECT id, account_id, amount_minor FROM postings WHERE amount_minor = -3;
"""
