"""What the bench of checkouts computes, and that its participants agree with everything that a sale asks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_order.application.saga import (
    ENDS,
    Decision,
    Saga,
    SagaEvent,
    SagaPace,
    SagaState,
    advance,
    commands_of,
    decide,
)
from trivet_order.domain import OrderAggregate, OrderStatus, Seat, Stock

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> Callable[[str], ModuleType]:
    """Return what imports a file of the bench's folder, as its scripts do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        for name in ("_accepted", "_crew", "_noop", "_sides"):
            importlib.import_module(name)
    return importlib.import_module


@given(count=st.integers(0, 10_000), processes=st.integers(1, 9))
def test_shares_are_even_and_add_up(bench: Callable[[str], ModuleType], count: int, processes: int) -> None:
    shares = bench("_crew").shares(count, processes)
    assert sum(shares) == count
    assert len(shares) == processes
    assert max(shares) - min(shares) <= 1


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=300), share=st.sampled_from([0.5, 0.99, 1.0]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(
    bench: Callable[[str], ModuleType], values: list[float], share: float
) -> None:
    found = bench("_sides").percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_orders_at_a_rate_are_due_one_by_one(bench: Callable[[str], ModuleType]) -> None:
    due = bench("_accepted").due_by
    assert [due(since_s, 200.0) for since_s in (0.0, 0.0049, 0.005, 0.01, 1.0)] == [0, 0, 1, 2, 200]


def test_the_best_way_is_taken_anew_each_time_and_told_by_its_median(bench: Callable[[str], ModuleType]) -> None:
    one, two = iter([900.0, 5.0, 7.0, 6.0]), iter([1.0, 9.0, 4.0, 8.0])
    best = bench("_sides").Best({"by 1": lambda: next(one), "by 2": lambda: next(two)})
    assert [best() for _ in range(4)] == [900.0, 9.0, 7.0, 8.0]
    assert best.medians == {"by 1": 6.0, "by 2": 8.0}
    assert best.name == "by 2"


def test_a_best_way_of_one_sample_is_told_by_it(bench: Callable[[str], ModuleType]) -> None:
    best = bench("_sides").Best({"by 1": lambda: 3.0})
    assert best() == 3.0
    assert best.medians == {"by 1": 3.0}


@pytest.mark.parametrize(
    "products",
    [
        [Stock("umbrella")],
        [Seat("hamlet", "hold-1", "token")],
        [Seat("hamlet", "hold-1", "token"), Stock("umbrella"), Stock("rain")],
    ],
)
def test_participants_that_do_nothing_let_every_sale_end_well(
    bench: Callable[[str], ModuleType], products: list[Stock | Seat]
) -> None:
    agreed, pace, now = bench("_noop").agreed, SagaPace(), datetime.now(UTC)
    order = OrderAggregate(uuid4(), customer_id="alice", account_id="purse")
    for product in products:
        order.add_item(product, 1)
    order.place()
    order.pull_events(now)
    saga, decision, steps = Saga(order.id, SagaState.CREATED, 1, 0), Decision(SagaEvent.BEGUN), 0
    while saga.state not in ENDS:
        saga = advance(saga, order, decision, now, pace, lambda: 1.0).after
        steps += 1
        commands = commands_of(saga.state, order)
        if commands:
            decision = decide(saga.state, order, commands, [agreed(command) for command in commands])
    assert saga.state is SagaState.CONFIRMED
    assert order.status is OrderStatus.ORDER_CONFIRMED
    assert steps == 4
