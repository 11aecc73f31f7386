"""Rows into checkouts and changes of checkouts into columns, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from trivet_order.adapters.sqlalchemy.sharding import shard_of
from trivet_order.adapters.sqlalchemy.storable import storable
from trivet_order.adapters.sqlalchemy.translation import Facts, order_of
from trivet_order.application import tell
from trivet_order.application.saga import ENDS, Change, Claim, Found, Saga, SagaState
from trivet_order.domain import InventoryReserved

TEXT_CHARACTERS_MAX = 1000


def claim_of(rows: Sequence[Facts]) -> Claim:
    """Return what ``read_sagas.sql`` says; its rows stand together by order, and in each in the order of its lines."""
    found = groupby((row for row in rows if row["id"] is not None), key=lambda row: row["id"])
    return Claim(rows[0]["now"], [_found(list(lines)) for _, lines in found])


def columns_of(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    """Return changes by column, as ``record_changes.sql`` takes them from $4 on."""
    return (*_saga_columns(changes), *_price_columns(changes), *_event_columns(changes), *step_columns(changes))


def _found(rows: Sequence[Facts]) -> Found:
    saga = rows[0]
    order = order_of(rows)
    return Found(
        Saga(
            order_id=order.id,
            state=SagaState(saga["saga_state"]),
            version=saga["saga_version"],
            shard=saga["shard"],
            attempts=saga["attempts"],
            deadline_on=saga["deadline_at"],
            reason=saga["reason"],
            parked=saga["parked"],
            refusals=saga["refusals"],
        ),
        order,
    )


def _saga_columns(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    return (
        [each.before.order_id for each in changes],
        [each.before.version for each in changes],
        [each.order_version for each in changes],
        [each.after.state.value for each in changes],
        [each.after.version for each in changes],
        [each.after.attempts for each in changes],
        [each.after.refusals for each in changes],
        [each.due_in_s for each in changes],
        [each.after.deadline_on for each in changes],
        [_text(each.after.reason) for each in changes],
        [_text(each.after.parked) for each in changes],
        [each.after.state in ENDS for each in changes],
        [each.order.status.value for each in changes],
        [each.order.version for each in changes],
        [each.order.cancel_reason for each in changes],
    )


def _price_columns(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    """Return what the lines cost of those whose prices were fixed by their change."""
    priced = [each for each in changes if any(isinstance(event, InventoryReserved) for event in each.events)]
    lines = [
        (each.order.id, position, line.price)
        for each in priced
        for position, line in enumerate(each.order.items, start=1)
    ]
    return (
        [order_id for order_id, _, _ in lines],
        [position for _, position, _ in lines],
        [price and price.amount_minor for _, _, price in lines],
        [price and price.currency for _, _, price in lines],
    )


def _event_columns(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    messages = [tell(event, None) for each in changes for event in each.events]
    return (
        [message.event_id for message in messages],
        [message.aggregate_id for message in messages],
        [message.aggregate_version for message in messages],
        [shard_of(message.aggregate_id) for message in messages],
        [message.type for message in messages],
        [message.version for message in messages],
        [message.occurred_on for message in messages],
        [message.traceparent for message in messages],
        [message.body for message in messages],
    )


def step_columns(changes: Sequence[Change]) -> tuple[list[Any], ...]:
    """Return the steps of changes by column: order, position, ordinal, event, state, attempts, detail."""
    steps = [(each.after, ordinal, step) for each in changes for ordinal, step in enumerate(each.steps, start=1)]
    return (
        [saga.order_id for saga, _, _ in steps],
        [saga.version for saga, _, _ in steps],
        [ordinal for _, ordinal, _ in steps],
        [step.event for _, _, step in steps],
        [step.state.value for _, _, step in steps],
        [step.attempts for _, _, step in steps],
        [_text(step.detail) for _, _, step in steps],
    )


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text)[:TEXT_CHARACTERS_MAX]
