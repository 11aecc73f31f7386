"""What was committed, and who has what of it in hand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from trivet_order.adapters.memory.saga_table import SagaTable
from trivet_order.application import Message, TimelineEntry
from trivet_order.domain import OrderAggregate

Key = tuple[str, str]


class Kept(NamedTuple):
    """What a key stands for: the payload that it came with, and the order that it made."""

    payload: bytes
    order_id: UUID


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """The tables of the memory adapters, which belong to one event loop; it ends with its process.

    ``rows`` are the locks that a database has on its rows, ``claimed`` the keys that somebody works on, ``now`` is its
    clock.
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self.now = now
        self.orders: dict[UUID, OrderAggregate] = {}
        self.keys: dict[Key, Kept] = {}
        self.outbox: list[Message] = []
        self.timeline: list[TimelineEntry] = []
        self.rows: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.claimed: set[Key] = set()
        self.sagas = SagaTable(now)
