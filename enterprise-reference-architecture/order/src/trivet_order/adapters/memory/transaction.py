"""One transaction on the memory store: what it has written, and what it holds until it ends."""

from __future__ import annotations

import asyncio
from uuid import UUID

from trivet_order.adapters.memory.store import Kept, Key, MemoryStore
from trivet_order.application import Message
from trivet_order.domain import OrderAggregate, OrderEvent


class Transaction:
    """Keeps its writes to itself until it commits, and gives back at its end what it holds.

    It reads what was committed last, and over it what it has written itself: as a database does at READ COMMITTED.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._orders: dict[UUID, OrderAggregate] = {}
        self._keys: dict[Key, Kept] = {}
        self._messages: list[Message] = []
        self._events: list[OrderEvent] = []
        self._rows: dict[UUID, asyncio.Lock] = {}
        self._claimed: set[Key] = set()

    def order(self, id: UUID) -> OrderAggregate | None:  # noqa: A002  - as the repository names it
        """Return an order as this transaction sees it."""
        return self._orders.get(id) or self._store.orders.get(id)

    async def lock(self, id: UUID) -> None:  # noqa: A002  - as the repository names it
        """Wait until no other transaction has written the order, and let none do so until this one has ended."""
        if id not in self._rows:
            row = self._store.rows[id]
            await row.acquire()
            self._rows[id] = row

    def write(self, order: OrderAggregate) -> None:
        """Write an order that is locked."""
        self._orders[order.id] = order

    def tell(self, message: Message) -> None:
        """Put a message into the outbox."""
        self._messages.append(message)

    def let_saga_know(self, event: OrderEvent) -> None:
        """Change the order's saga as an event of it demands."""
        self._events.append(event)

    def claim(self, key: Key) -> bool:
        """Claim a key until this transaction ends; False if another one has it."""
        if key not in self._claimed and key in self._store.claimed:
            return False
        self._store.claimed.add(key)
        self._claimed.add(key)
        return True

    def kept(self, key: Key) -> Kept | None:
        """Return what a key stands for, as this transaction sees it."""
        return self._keys.get(key) or self._store.keys.get(key)

    def keep(self, key: Key, kept: Kept) -> None:
        """Write what a key stands for."""
        self._keys[key] = kept

    def commit(self) -> None:
        """Let everybody see what was written: nothing runs between one line and the next."""
        self._store.orders |= self._orders
        self._store.keys |= self._keys
        self._store.outbox += self._messages
        for event in self._events:
            self._store.sagas.hear(event)
        self.end()

    def end(self) -> None:
        """Forget what was not committed, and give back what is held."""
        self._orders, self._keys, self._messages, self._events = {}, {}, [], []
        for row in self._rows.values():
            row.release()
        self._rows = {}
        self._store.claimed -= self._claimed
        self._claimed = set()
