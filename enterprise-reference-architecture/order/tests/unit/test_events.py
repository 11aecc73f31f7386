"""What happened is told once, without a gap, and is the same fact however often a step is done again."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from order_contracts.samples import AT, PRICES, begin, placed, reserve, wish

from trivet_order.domain import (
    ORDER_EVENTS,
    CancellationRequested,
    DomainEvent,
    InventoryRequested,
    InventoryReserved,
    OrderAggregate,
    OrderCreated,
    OrderEvent,
    events,
    total,
)

ID = UUID(int=7)


def confirmed() -> OrderAggregate:
    order = placed("alice", ID)
    for step in (begin, reserve, OrderAggregate.request_payment, wish, OrderAggregate.mark_paid):
        step(order)
    return order


def test_events_are_pulled_in_order_and_once() -> None:
    order = confirmed()
    pulled = order.pull_events(AT)
    assert [event.aggregate_version for event in pulled] == [1, 2, 3, 4, 5, 6] == list(range(1, order.version + 1))
    assert {(event.aggregate_id, event.occurred_on) for event in pulled} == {(ID, AT)}
    assert order.pull_events(AT) == ()


def test_what_is_pulled_between_steps_has_no_gap() -> None:
    order = placed()
    one_by_one = list(order.pull_events(AT))
    for step in (begin, reserve, wish):
        step(order)
        one_by_one += order.pull_events(AT)
    assert [event.aggregate_version for event in one_by_one] == [1, 2, 3, 4]


def test_an_event_says_what_happened() -> None:
    created, _, reserved, asked, _, paid = confirmed().pull_events(AT)
    assert isinstance(created, OrderCreated)
    assert (created.customer_id, created.account_id) == ("alice", "account-1")
    assert created.items == placed("alice", ID).items
    assert isinstance(reserved, InventoryReserved)
    assert (reserved.prices, reserved.total) == (PRICES, total(PRICES))
    assert [getattr(event, "total", None) for event in (asked, paid)] == [total(PRICES)] * 2


def test_the_same_step_done_again_is_the_same_event() -> None:
    assert confirmed().pull_events(AT) == confirmed().pull_events(AT)


def test_two_facts_never_share_an_id() -> None:
    """After a failover that lost a commit the same version may be made again, as something else."""
    one, other = placed("alice", ID), placed("alice", ID)
    for order in (one, other):
        begin(order)
        order.pull_events(AT)
    reserve(one)
    wish(other)
    (reserved,), (wished,) = one.pull_events(AT), other.pull_events(AT)
    assert reserved.aggregate_version == wished.aggregate_version == 3
    assert isinstance(wished, CancellationRequested)
    assert reserved.event_id != wished.event_id


@pytest.mark.parametrize("moment", [datetime(2026, 1, 31), AT.astimezone(timezone(timedelta(hours=1)))])  # noqa: DTZ001  - the wrong one
def test_a_time_that_is_not_in_utc_is_refused_and_nothing_is_forgotten(moment: datetime) -> None:
    order = confirmed()
    with pytest.raises(ValueError, match="not in UTC"):
        order.pull_events(moment)
    assert len(order.pull_events(AT)) == 6


def test_no_event_makes_version_0() -> None:
    with pytest.raises(ValueError, match="version 0"):
        InventoryRequested(event_id=ID, occurred_on=AT, aggregate_id=ID, aggregate_version=0)


@pytest.mark.parametrize("kind", ORDER_EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_never_changes(kind: type[OrderEvent]) -> None:
    facts: dict[str, Any] = {field.name: None for field in fields(kind)}
    event = kind(**facts | {"occurred_on": datetime.now(UTC), "aggregate_version": 1})
    with pytest.raises(FrozenInstanceError):
        event.event_id = ID  # type: ignore[misc]  # that is the point
    assert not hasattr(event, "__dict__")
    assert isinstance(event, DomainEvent)


def test_every_event_is_listed() -> None:
    made = [each for each in vars(events).values() if isinstance(each, type) and issubclass(each, OrderEvent)]
    assert set(made) - {OrderEvent} == set(ORDER_EVENTS)
