"""The naive worker: each of its connections takes one checkout at a time, and commits each step by itself.

    python _one_by_one.py URL

It uses the same machine, the same tables and the same no-op participants, writes the same rows and compares the same
versions, and it is a good one of its kind: it takes a checkout by SKIP LOCKED from an index that has nothing else, and
a step is one prepared statement, one round trip and one commit. What it has not is batches, leases with a fence,
retries and deadlines.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from _noop import agreed
from _telling import heard_beside, tell

from trivet_chassis import run_server
from trivet_order.adapters.sqlalchemy.saga_translation import claim_of
from trivet_order.adapters.sqlalchemy.sharding import SHARDS, shard_of
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.application import tell as told_of
from trivet_order.application.saga import (
    ENDS,
    Change,
    Decision,
    Found,
    SagaEvent,
    SagaPace,
    advance,
    commands_of,
    decide,
)

_SQL = Path(__file__).parent
CLAIM = (_SQL / "_claim_one.sql").read_text() + statement("read_sagas")
STEP = (_SQL / "_take_step.sql").read_text()
_PACE = SagaPace()
_BEGIN = Decision(SagaEvent.BEGUN)


def stepped(found: Found, decision: Decision) -> Change:
    """Return what an event makes of a checkout."""
    return advance(found.saga, found.order, decision, datetime.now(UTC), _PACE, lambda: 1.0)


async def record(connection: asyncpg.Connection, change: Change) -> None:
    """Write a step."""
    (step,), line = change.steps, change.order.items[0]
    price = line.price
    messages = [told_of(event) for event in change.events]
    written = await connection.fetchval(
        STEP,
        change.before.order_id,
        change.before.version,
        change.after.state.value,
        change.after.version,
        change.due_in_s,
        change.after.deadline_on,
        change.order.status.value,
        change.order.version,
        change.order_version,
        None if price is None else price.amount_minor,
        None if price is None else price.currency,
        [message.event_id for message in messages],
        [message.aggregate_version for message in messages],
        shard_of(change.order.id),
        [message.type for message in messages],
        [message.version for message in messages],
        [message.occurred_on for message in messages],
        [message.body for message in messages],
        step.event,
        step.state.value,
        step.attempts,
    )
    if not written:
        raise RuntimeError(f"somebody else took a step of {change.before.order_id}")


async def begun(connection: asyncpg.Connection, shard: int) -> Found | None:
    """Take up a checkout of a shard; None if there is none."""
    async with connection.transaction():
        claim = claim_of(await connection.fetch(CLAIM, shard))
        if not claim.found:
            return None
        change = stepped(claim.found[0], _BEGIN)
        await record(connection, change)
    return Found(change.after, change.order)


async def take_through(connection: asyncpg.Connection, found: Found) -> None:
    """Take a checkout to its end."""
    while found.saga.state not in ENDS:
        commands = commands_of(found.saga.state, found.order)
        replies = [agreed(command) for command in commands]
        change = stepped(found, decide(found.saga.state, found.order, commands, replies))
        await record(connection, change)
        found = Found(change.after, change.order)


async def work(url: str, first: int) -> int:
    """Take one checkout after the other, shard by shard, until none is left; return how many."""
    connection = await asyncpg.connect(url)
    done = 0
    for shard in (number % SHARDS for number in range(first, first + SHARDS)):
        while (found := await begun(connection, shard)) is not None:
            await take_through(connection, found)
            done += 1
    await connection.close()
    return done


async def serve(url: str) -> None:
    """Work when told."""
    async for told in heard_beside():
        done = await asyncio.gather(*(work(url, told["first"] + number) for number in range(told["connections"])))
        tell(done=sum(done), at_s=time.monotonic())


if __name__ == "__main__":
    run_server(serve(sys.argv[1]))
