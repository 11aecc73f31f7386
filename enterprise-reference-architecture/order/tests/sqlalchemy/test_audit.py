"""The audit proves right books, and finds each kind of wrong ones by the rule that forbids it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from order_contracts.saga_grounds import advanced, new_order
from order_contracts.samples import AT, PRICES, change, placed, wish
from sql_sagas import SqlSagas

from trivet_order.adapters.sqlalchemy.audit import RULES, judge
from trivet_order.application.saga import Decision, SagaEvent, park
from trivet_order.entrypoints.cli import main
from trivet_platform import Postgres

Audit = Callable[..., tuple[int, str, str]]
ONE = "(SELECT id FROM orders WHERE status = 'Order Created' LIMIT 1)"
TELL = """
INSERT INTO timeline (order_id, order_version, event_id, type, version, occurred_on, data)
SELECT aggregate_id, aggregate_version, event_id, type, version, occurred_on, '{}' FROM outbox
"""
KNOW = "INSERT INTO inbox (consumer, event_id) SELECT 'order-timeline', event_id FROM timeline"
HELD = Decision(SagaEvent.HELD, prices=PRICES)
HAPPENED: Sequence[Sequence[Decision | SagaEvent]] = (
    (),
    (SagaEvent.BEGUN,),
    (SagaEvent.BEGUN, SagaEvent.NO_ANSWER, SagaEvent.REFUSED),
    (SagaEvent.BEGUN, SagaEvent.REFUSED, SagaEvent.RELEASED),
    (SagaEvent.BEGUN, HELD),
    (SagaEvent.BEGUN, HELD, SagaEvent.DECLINED, SagaEvent.PARKED),
    (SagaEvent.BEGUN, HELD, SagaEvent.DEADLINE),
    (SagaEvent.BEGUN, HELD, SagaEvent.CHARGED, SagaEvent.SOLD),
)
BREACHES: dict[str, tuple[str, list[str]]] = {
    "an event is lost": ("versions", ["DELETE FROM outbox WHERE aggregate_version = 2"]),
    "an event has no order": ("versions", ["DELETE FROM orders WHERE id = ONE"]),
    "an order moved and told nobody": ("versions", ["UPDATE orders SET version = version + 1 WHERE id = ONE"]),
    "an order does not stand where it says": (
        "statuses",
        ["UPDATE orders SET status = 'Inventory Pending' WHERE id = ONE"],
    ),
    "a wish was lost": ("statuses", ["UPDATE orders SET cancellation_requested = false"]),
    "a line was lost": ("lines", ["DELETE FROM order_lines WHERE position = 1"]),
    "all lines were lost": ("lines", ["DELETE FROM order_lines WHERE order_id = ONE"]),
    "a price was lost": (
        "lines",
        ["UPDATE order_lines SET price_minor = NULL, currency = NULL WHERE position = 1 AND price_minor > 0"],
    ),
    "a line is of another currency": (
        "lines",
        ["UPDATE order_lines SET currency = 'USD' WHERE position = 1 AND price_minor > 0"],
    ),
    "an order has no saga": ("sagas", ["DELETE FROM sagas WHERE order_id = ONE"]),
    "a saga has no order": (
        "sagas",
        ["INSERT INTO sagas (order_id, shard, state) VALUES (gen_random_uuid(), 0, 'created')"],
    ),
    "a checkout went on and its order did not": (
        "checkouts",
        ["UPDATE sagas SET state = 'holding' WHERE order_id = ONE"],
    ),
    "a checkout is in a shard that nobody can have": ("endings", ["DELETE FROM saga_leases WHERE shard < 16"]),
    "a step was lost": ("steps", ["DELETE FROM saga_steps WHERE position = 2"]),
    "a step of no checkout": ("steps", ["UPDATE saga_steps SET order_id = gen_random_uuid() WHERE position = 2"]),
    "a key made nothing": (
        "keys",
        ["INSERT INTO order_keys (customer_id, key, payload, order_id) VALUES ('a', 'b', '', gen_random_uuid())"],
    ),
    "a key made another's order": (
        "keys",
        ["INSERT INTO order_keys (customer_id, key, payload, order_id) VALUES ('a', 'b', '', ONE)"],
    ),
    "two keys made one order": (
        "keys",
        [
            "INSERT INTO order_keys (customer_id, key, payload, order_id) "
            "SELECT customer_id, 'x', '', order_id FROM order_keys"
        ],
    ),
    "an order's events are in two shards": (
        "shards",
        ["UPDATE outbox SET shard = (shard + 1) % 16 WHERE aggregate_version = 2"],
    ),
    "an event was told twice": ("timeline", [TELL, KNOW, TELL]),
    "something else was told": ("timeline", [TELL, KNOW, "UPDATE timeline SET type = 'OrderCancelled'"]),
    "what was told never was": (
        "timeline",
        [TELL, KNOW, "DELETE FROM outbox WHERE aggregate_version = 1", "UPDATE timeline SET occurred_on = now()"],
    ),
    "something was told and is not known": ("inbox", [TELL]),
    "something is known and was not told": ("inbox", [TELL, KNOW, "DELETE FROM timeline WHERE order_version = 2"]),
}


@pytest.fixture(scope="module")
def books(database_url: str) -> str:
    """A database with an order of each kind."""

    async def write() -> None:
        ground = SqlSagas(database_url)
        for happened in HAPPENED:
            await check_out(ground, *happened)
        await change(ground.units, await check_out(ground, SagaEvent.BEGUN, HELD), wish)
        await change(ground.units, await check_out(ground), wish)
        async with ground.units.open() as unit:
            order = placed()
            await unit.keys.claim(order.customer_id, "k", b"p")
            await unit.orders.save(order)
            await unit.events.publish(order.pull_events(AT))
            await unit.keys.keep(order.customer_id, "k", b"p", order.id)
            await unit.commit()
        await ground.database.close()

    asyncio.run(write())
    return database_url


async def check_out(ground: SqlSagas, *happened: Decision | SagaEvent) -> UUID:
    """Accept an order, let this happen to its checkout, and return which it is."""
    order = await new_order(ground)
    leases, store = await ground.all_leases(), ground.store()
    for what in happened:
        (found,) = (await store.read(leases, [order.id])).found
        made = park(found, "by hand") if what is SagaEvent.PARKED else advanced(found, what)
        assert await store.record(leases, [made])
    return order.id


async def broken(url: str, statements: list[str]) -> set[str]:
    """Return the rules that do not hold after statements, which are undone."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        for statement in statements:
            tag = await connection.execute(statement.replace("ONE", ONE))
            assert int(tag.split()[-1]) > 0, statement
        audit = await judge(connection)
        return {finding.rule.name for finding in audit.findings if not finding.proven}
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.mark.parametrize("breach", BREACHES)
async def test_wrong_books_are_found_by_the_rule_that_forbids_them(breach: str, books: str) -> None:
    rule, statements = BREACHES[breach]
    assert rule in await broken(books, statements)


async def test_right_books_are_proven_whether_the_timeline_has_caught_up_or_not(books: str) -> None:
    assert await broken(books, []) == set()
    assert await broken(books, [TELL, KNOW]) == set()
    pruned = ["DELETE FROM outbox WHERE aggregate_version = 1"]  # what happened at AT happened long ago
    assert await broken(books, [TELL, KNOW, *pruned]) == set()


def test_every_rule_has_a_breach() -> None:
    assert {rule for rule, _ in BREACHES.values()} == {rule.name for rule in RULES}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Return what runs the command on a database: how it ended, what it printed, and what it told people."""

    def audit(url: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["trivet-order", "audit", *words])
        monkeypatch.setenv("TRIVET_ORDER_DATABASE_URL", url)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return audit


def test_an_operator_is_told_and_a_role_that_reads_is_enough(postgres: Postgres, books: str, run: Audit) -> None:
    code, printed, _ = run(postgres.reader_url(books.rpartition("/")[2]), "--json")
    told: dict[str, Any] = json.loads(printed)
    assert (code, told["proven"]) == (0, True)
    assert [rule["name"] for rule in told["rules"]] == [rule.name for rule in RULES]
    assert all(rule["observed"] for rule in told["rules"] if rule["name"] not in {"timeline", "inbox"})


def test_an_operator_is_told_why_it_cannot_run(postgres: Postgres, run: Audit) -> None:
    code, _, told = run(postgres.create_database("order_without_tables"))
    assert (code, told) == (2, "✗ the database has no tables yet: run trivet-order migrate\n")
    code, _, told = run("postgresql://u:p@127.0.0.1:1/nowhere")
    assert (code, told[:23]) == (2, "✗ the database failed: ")
    postgres.drop_database("order_without_tables")
