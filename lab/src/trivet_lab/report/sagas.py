"""The story of an order's checkout as its own service tells it: every step and attempt, what was answered, and when."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from trivet_lab.evidence import VariantDirectory
from trivet_lab.report.checkouts import order_of
from trivet_lab.report.words import duration_ms

STEPS_MAX = 40
"""So many steps of one order are shown; whoever is asked again and again has more."""
FORWARD, BACK, DOUBT = "good", "bad", "unsure"
_TONES = {
    "held": FORWARD,
    "charged": FORWARD,
    "already charged": FORWARD,
    "sold": FORWARD,
    "no answer": DOUBT,
    "parked": DOUBT,
    **dict.fromkeys(("refused", "declined", "rejected", "voided", "cancel wished", "deadline", "unfit"), BACK),
}


class _Step(msgspec.Struct):
    order_id: str
    position: int
    ordinal: int
    event: str
    state: str
    attempts: int
    at: datetime
    detail: str | None = None


@dataclasses.dataclass(frozen=True)
class SagaLine:
    """One step: how long after the first, what happened, where the checkout stood when it did, and what was said."""

    after: str
    event: str
    state: str
    attempts: int
    detail: str
    tone: str


@dataclasses.dataclass(frozen=True)
class SagaStory:
    """One order's checkout from its first step to its last."""

    order_id: str
    took: str
    lines: list[SagaLine]
    left_out: int


def named_orders(things: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the orders that these lines of a witness are about, each once, in their order."""
    found = (order_of(thing.get("args", thing)) for thing in things)
    return list(dict.fromkeys(order_id for order_id in found if order_id))


def stories_of(directory: VariantDirectory, order_ids: Collection[str]) -> dict[str, SagaStory]:
    """Return the checkouts of these orders; nothing of one that has none, or of a ledger that is missing or torn."""
    steps: defaultdict[str, list[_Step]] = defaultdict(list)
    decode = msgspec.json.Decoder(_Step).decode
    path = directory.ledger("order.saga_steps")
    if not order_ids or not path.exists():
        return {}
    with path.open("rb") as lines:
        for line in lines:
            try:
                step = decode(line)
            except msgspec.DecodeError:
                break
            if step.order_id in order_ids:
                steps[step.order_id].append(step)
    return {order_id: _story(order_id, several) for order_id, several in steps.items()}


def _story(order_id: str, steps: list[_Step]) -> SagaStory:
    steps.sort(key=lambda step: (step.position, step.ordinal))
    first = steps[0].at
    lines = [
        SagaLine(
            after=_after(first, step.at),
            event=step.event,
            state=step.state,
            attempts=step.attempts,
            detail=step.detail or "",
            tone=_TONES.get(step.event, ""),
        )
        for step in steps[:STEPS_MAX]
    ]
    return SagaStory(order_id, _after(first, steps[-1].at), lines, len(steps) - len(lines))


def _after(first: datetime, at: datetime) -> str:
    return duration_ms(max(0.0, (at - first).total_seconds() * 1000))
