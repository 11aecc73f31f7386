"""What the use cases need of the world, and promise to ask of nobody else.

Each port has a contract suite in ``tests/contracts``, which every adapter passes, the ones in memory too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trivet_order.application.views import CheckoutRecord, OrderView, TimelineEntry
from trivet_order.domain import OrderAggregate, OrderEvent


class OrderRepositoryPort(Protocol):
    """Orders, as they are stored.

    Which race: two read one order, and each writes what it made of it. Why this guard: an order that was read is
    written only if its stored version is the one that was read, compared and set in one step. If it were lost, the
    second writer would undo what the first had done, and both would have told somebody that it was.
    """

    async def save(self, order: OrderAggregate) -> None:
        """Store an order, one that was placed anew or one that ``get_by_id`` of this very repository returned.

        Once it is stored another unit of work that is to store the same order waits until this one has ended.

        Raises:
            OrderChanged: it was changed since it was read, or an order of its id is there already.
        """

    async def get_by_id(self, id: UUID) -> OrderAggregate:  # noqa: A002  - the name that the class diagram gives it
        """Return an order as it was committed last, or as this unit of work stored it.

        Raises:
            OrderNotFound: there is none.
        """


class EventPublisherPort(Protocol):
    """Where what happened is told.

    A use case is given the outbox: what it publishes lasts if its unit of work does, and only then.
    """

    async def publish(self, events: Sequence[OrderEvent]) -> None:
        """Publish events, those of one order in their order, after the order was saved."""


class KeysPort(Protocol):
    """Which order a customer's idempotency key made."""

    async def claim(self, customer_id: str, key: str, payload: bytes) -> UUID | None:
        """Return the order that the key made, None if none yet; until this unit ends nobody else works on the key.

        Which race: one request sent twice, to two replicas. Why this guard: the second finds the key claimed. If it
        were lost, the unique key still refuses the second order, as a defect instead of as an answer.

        Args:
            customer_id: whose key it is.
            key: what the customer calls the request.
            payload: a digest of what was asked for.

        Raises:
            KeyInFlight: another unit of work has the key.
            KeyReused: the key made an order of another payload.
        """

    async def keep(self, customer_id: str, key: str, payload: bytes, order_id: UUID) -> None:
        """Remember for good which order a claimed key made."""


class UnitOfWork(Protocol):
    """One transaction: what is done through its ports lasts if ``commit`` returns, and nobody sees it before that.

    After its commit nothing more is done through it.
    """

    @property
    def orders(self) -> OrderRepositoryPort:
        """The orders, in this transaction."""

    @property
    def events(self) -> EventPublisherPort:
        """Where to publish, in this transaction."""

    @property
    def keys(self) -> KeysPort:
        """The keys, in this transaction."""

    async def commit(self) -> None:
        """Make it last.

        Raises:
            StoreUnavailable: it may have lasted or not (``definite`` is false), or certainly did not.
        """


class UnitsOfWork(Protocol):
    """Where units of work come from."""

    def open(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one; leaving it without a commit undoes it."""


class OrderQueriesPort(Protocol):
    """Reads that need no order as a whole."""

    async def page(self, customer_id: str, before: UUID | None, limit: int) -> Sequence[OrderView]:
        """Return a customer's orders, the greatest id first, from the one after ``before`` on.

        Ids grow with the time at which they were made (UUIDv7), so that the newest one comes first, and a page stays
        the same page whatever is ordered while somebody turns it.
        """


class TimelinePort(Protocol):
    """The order timeline, as far as the events have arrived."""

    async def entries(self, order_id: UUID, after_version: int) -> Sequence[TimelineEntry]:
        """Return what happened after a version, in the order of versions, whatever is missing in between."""


class CheckoutsPort(Protocol):
    """How checkouts stand."""

    async def checkout(self, order_id: UUID) -> CheckoutRecord:
        """Return an order's checkout as it is recorded, with its steps in their order.

        Raises:
            OrderNotFound: there is none.
        """


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
