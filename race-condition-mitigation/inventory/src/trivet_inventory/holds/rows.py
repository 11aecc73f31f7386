"""Holds and items as rows: locking them in one order, and writing all that changed in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from trivet_inventory.database import Connection, Database
from trivet_inventory.holds.hold import Hold, Item, Line, Name
from trivet_inventory.holds.states import State
from trivet_inventory.holds.working import Working
from trivet_inventory.sql import statement

_FIND = statement("find_hold")
_LOCK_HOLDS = statement("lock_holds")
_LOCK_EXPIRED = statement("lock_expired_holds")
_LOCK_ITEMS = statement("lock_items")
_WRITE = statement("write_holds")
_ACKNOWLEDGE = "SELECT pg_logical_emit_message(true, 'trivet.replay', '')"
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_lines = msgspec.json.Decoder(list[Line])

Locked = tuple[dict[Name, Hold], list[Name]]
"""Holds by name, and those of them whose time is over and whose units are still out of the stock."""


class NameTaken(Exception):
    """Somebody else wrote a hold of this name first, and has committed it: it is there to be read now."""


class RowsChanged(Exception):
    """Rows were written that this transaction had locked: a defect, and nothing may be committed."""


async def find(database: Database, name: Name) -> Hold | None:
    """Return a hold as it is, without a lock; one whose time is over counts as expired, swept or not."""
    rows = await database.read(_FIND, *name)
    return _hold(rows[0]) if rows else None


async def lock(connection: Connection, names: Iterable[Name]) -> Locked:
    """Lock the holds of these names, in the order of their names.

    Which race: two transactions decide of one hold (its order's pin, the sweeper, a release). Why this guard: each
    locks the row before it reads it, and asks the clock after that. Who waits for a hold has no item yet, so nobody
    waits in a circle. If it were lost, a hold could be pinned and be given back at once, and its units sold twice.
    """
    asked = sorted(set(names))
    subjects, ids = [name.subject for name in asked], [name.id for name in asked]
    return _locked(await connection.fetch(_LOCK_HOLDS, subjects, ids))


async def lock_expired(connection: Connection, limit: int) -> Locked:
    """Lock so many holds whose time is over, and none that somebody else is at."""
    return _locked(await connection.fetch(_LOCK_EXPIRED, limit))


async def lock_items(connection: Connection, ids: Sequence[str]) -> tuple[list[Item], datetime]:
    """Lock items in the order of their ids and return them with the time after that.

    This is all the admission that a hold needs, whatever strategy its neighbours at ``/buy-item`` have. Which race: a
    buyer and a hold read the same stock and both take the last unit. Why this guard: the row is locked *before* it is
    read, so nothing is decided by a stock that somebody can still change; a buyer's guarded UPDATE waits for this
    transaction and then compares again (READ COMMITTED), and a lease or an advisory lock would only make a batch over
    many items wait in line for each. A fence is no business of a hold: it tells a stale writer from a later one, and
    who locks before reading is never stale. What happens if it is lost: the write compares the version that was read
    and touches no row, and ``CHECK (stock >= 0)`` stands behind it.
    """
    if not ids:
        return [], BEGINNING
    rows = await connection.fetch(_LOCK_ITEMS, ids)
    items = [
        Item(row["id"], row["stock"], row["item_version"], row["unit_price_minor"], row["currency"]) for row in rows
    ]
    return items, max((row["now"] for row in rows), default=BEGINNING)


async def write(connection: Connection, working: Working) -> None:
    """Write every hold, move and item that changed, in one statement; if nothing did, a WAL record of its own.

    The record makes an answer that is only repeated wait for the same durability as the first one.

    Raises:
        NameTaken: A new hold's name was taken meanwhile; nothing may be committed.
        RowsChanged: A row that was locked is not what it was when it was read: a defect.
    """
    made, changed, items, moves = working.made, working.changed, working.items, working.moves
    if not (made or changed):
        await connection.execute(_ACKNOWLEDGE)
        return
    row = await connection.fetchrow(
        _WRITE,
        *_columns((_made(hold) for hold in made), 12),
        *_columns(((*hold.name, hold.state, hold.order_id) for hold in changed), 4),
        *_columns(((now.id, read.item_version, now.stock - read.stock, now.item_version) for read, now in items), 4),
        *_columns(
            (
                (*move.name, move.item.id, move.item.item_version, move.kind, move.quantity, move.item.stock)
                for move in moves
            ),
            7,
        ),
    )
    assert row is not None  # noqa: S101  - a SELECT of counts has a row
    if row["made"] < len(made):
        raise NameTaken
    if (row["changed"], row["stocked"]) != (len(changed), len(items)):
        raise RowsChanged(f"of {len(changed)} holds and {len(items)} items, {dict(row)} were as they had been read")


def _made(hold: Hold) -> tuple[Any, ...]:
    return (
        *hold.name,
        hold.state,
        hold.order_id,
        hold.payload,
        msgspec.json.encode(hold.lines).decode(),
        hold.total_minor,
        hold.currency,
        hold.short_item_id,
        hold.ttl_ms,
        hold.expires_at,
        hold.expires_at if hold.state is State.HELD else None,
    )


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into arrays of columns, which ``unnest`` turns into rows again."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _locked(rows: Iterable[asyncpg.Record]) -> Locked:
    holds: dict[Name, Hold] = {}
    over = []
    for row in rows:
        hold = _hold(row)
        holds[hold.name] = hold
        if row["over"]:
            over.append(hold.name)
    return holds, over


def _hold(row: asyncpg.Record) -> Hold:
    return Hold(
        Name(row["subject"], row["hold_id"]),
        State(row["state"]),
        row["payload"],
        tuple(_lines.decode(row["lines"])),
        row["currency"],
        row["ttl_ms"],
        row["expires_at"],
        row["order_id"],
        row["short_item_id"],
    )
