"""What the desk makes of others' changes and of what the core refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from order_contracts.samples import placed, read, store
from prometheus_client import CollectorRegistry

from trivet_chassis import ServiceError, Unavailable
from trivet_order.adapters.memory import MemoryStore, MemoryUnitsOfWork
from trivet_order.application import KeyInFlight, KeyReused, OrderChanged, OrderNotFound, StoreUnavailable
from trivet_order.bootstrap import build_api
from trivet_order.domain import (
    IllegalTransition,
    InvalidOrder,
    OrderAggregate,
    OrderError,
    OrderStatus,
    PricesFixed,
    TooLate,
)
from trivet_order.entrypoints.desk import Desk
from trivet_order.entrypoints.metrics import Metrics
from trivet_order.entrypoints.refusals import told
from trivet_order.settings import Settings

ATTEMPTS_MAX = 3


class Contested:
    """Units of work in which somebody else changes the order before it is stored, so many times."""

    def __init__(self, store: MemoryStore, times: int) -> None:
        self._units = MemoryUnitsOfWork(store)
        self._times = times
        self.opened = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        self.opened += 1
        async with self._units.open() as unit:
            if self.opened <= self._times:
                unit.orders.save = _be_overtaken
            yield unit


async def _be_overtaken(order: OrderAggregate) -> None:
    raise OrderChanged(order.id, order.version)


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


def desk_of(units: Any) -> Desk:
    settings = Settings(database_url="postgresql://u:p@127.0.0.1:1/nowhere", change_attempts_max=ATTEMPTS_MAX)
    api = replace(build_api(settings), units=units)
    return Desk(api, Metrics(CollectorRegistry()))


async def test_who_met_anothers_change_begins_again(memory: MemoryStore) -> None:
    order = await store(MemoryUnitsOfWork(memory), placed())
    units = Contested(memory, ATTEMPTS_MAX - 1)
    answer = await desk_of(units).cancel(order.customer_id, order.id)
    assert (answer.status, units.opened) == (202, ATTEMPTS_MAX)
    assert (await read(MemoryUnitsOfWork(memory), order.id)).status is OrderStatus.ORDER_CANCELLED


async def test_who_meets_others_again_and_again_is_told_that_nothing_happened(memory: MemoryStore) -> None:
    order = await store(MemoryUnitsOfWork(memory), placed())
    units = Contested(memory, ATTEMPTS_MAX)
    with pytest.raises(Unavailable) as refused:
        await desk_of(units).cancel(order.customer_id, order.id)
    assert (refused.value.definite, units.opened) == (True, ATTEMPTS_MAX)
    assert len(memory.outbox) == 1


@pytest.mark.parametrize(
    ("error", "code", "definite"),
    [
        (InvalidOrder("there is none"), "invalid-request", True),
        (OrderNotFound(uuid4()), "not-found", True),
        (KeyInFlight("not yet"), "request-in-flight", False),
        (KeyReused("for something else"), "idempotency-key-reuse", True),
        (TooLate("it is confirmed"), "too-late", True),
        (StoreUnavailable("it is away", definite=True), "unavailable", True),
        (StoreUnavailable("nobody knows", definite=False), "unavailable", False),
        (IllegalTransition("pay", "Order Created"), "internal", False),
        (PricesFixed("to others"), "internal", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OrderError) else str(value),
)
def test_what_the_core_refuses_is_a_problem_of_the_table(error: OrderError, code: str, *, definite: bool) -> None:
    def refuse() -> None:
        with told():
            raise error

    with pytest.raises(ServiceError) as refused:
        refuse()
    assert (refused.value.code, refused.value.definite) == (code, definite)
    assert refused.value.__cause__ is error
