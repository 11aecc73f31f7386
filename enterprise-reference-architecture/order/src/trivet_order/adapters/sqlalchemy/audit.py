"""The proof of the order's books: every promise of its tables, looked at in all rows that could break it.

Each rule is a statement of its own (``sql/audit/<name>.sql``). An event that was pruned from the outbox is in the
timeline, so the history of an order is what the two have together.

Which race: orders change while they are read, and the orders of one moment beside the events of another prove nothing.
Why this guard: all rules are judged in one REPEATABLE READ transaction, which sees the books as they were at its first
statement. If it were lost, right books would be called wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import asyncpg

from trivet_chassis import Audit, Finding, Rule, Unavailable, WrongDatabase, finding_of, judging
from trivet_order.adapters.sqlalchemy.engine import Driver
from trivet_order.adapters.sqlalchemy.sql import statement

RULES: Sequence[Rule] = (
    Rule("versions", "an order's events have the versions from 1 to its own, each once", "orders"),
    Rule("statuses", "an order stands where its last event left it", "orders"),
    Rule("lines", "an order has its lines, priced in one currency exactly if they were reserved", "orders"),
    Rule("sagas", "an order has a saga, and a saga an order", "orders"),
    Rule("checkouts", "a checkout stands where its order does", "sagas"),
    Rule("endings", "a checkout is due, unless it has ended or is parked", "sagas"),
    Rule("steps", "a checkout's steps made its versions, from the second to its own", "sagas"),
    Rule("keys", "a key made an order of its own customer, and no order has two", "keys"),
    Rule("shards", "an order's events are all in one shard", "orders"),
    Rule("timeline", "the timeline tells what the outbox says, each event once", "entries"),
    Rule("inbox", "what the timeline tells its inbox knows, and nothing else", "events"),
)
_CONNECT_DEADLINE_S = 5.0


def audit(database_url: str) -> Audit:
    """Judge the books by every rule, as they are at one moment.

    Raises:
        WrongDatabase: There are no orders in it.
        Unavailable: The database failed.
    """
    try:
        return asyncio.run(_audit(database_url))
    except asyncpg.UndefinedTableError as error:
        raise WrongDatabase("the database has no tables yet: run trivet-order migrate") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise Unavailable(f"the database failed: {error}", definite=True) from error


async def _audit(database_url: str) -> Audit:
    connection = await asyncpg.connect(database_url, timeout=_CONNECT_DEADLINE_S)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await judge(connection)
    finally:
        await connection.close()


async def judge(connection: Driver) -> Audit:
    """Judge the books as the connection's transaction sees them."""
    return Audit([await _judged(connection, rule) for rule in RULES])


async def _judged(connection: Driver, rule: Rule) -> Finding:
    row = await connection.fetchrow(judging(statement(f"audit/{rule.name}")))
    assert row is not None  # noqa: S101  - an aggregate has a row
    observed, offending, first = row
    return finding_of(rule, observed, offending, json.loads(first))
