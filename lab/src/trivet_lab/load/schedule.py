"""Who wants what, and when: a plan's crowd as a pure function of its seed.

Arrival times, choices, keys and restocks draw from generators of their own, so that changing one of them
leaves the others as they were, and one seed gives every variant the same crowd to the byte.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import operator
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from trivet_lab.load.plan import Again, Phase, Plan


class Request(msgspec.Struct, frozen=True):
    """What is sent, equal for all who want the same: ``args`` is for the history, ``body`` for the wire."""

    f: str
    path: str
    body: bytes
    args: dict[str, Any]


class Intent(msgspec.Struct, frozen=True):
    """One operation before it is sent; ``due_ns`` counts from the crowd's start."""

    op: int
    due_ns: int
    client: int
    key: str
    request: Request


def schedule(plan: Plan) -> Iterator[Intent]:
    """Yield every operation of the plan in the order in which it is due, numbered from 0.

    What is sent again under its key is an operation of its own, and may be due after the last phase.

    Restocks are the shop's own: their client is one past the last buyer. One that is due together with a
    purchase comes first.
    """
    due = operator.itemgetter(0)
    streams = [_restocks(plan), _purchases(plan), *(_repeated(plan, again) for again in plan.again)]
    for op, (due_ns, client, key, request) in enumerate(heapq.merge(*streams, key=due)):
        yield Intent(op, due_ns, client, key, request)


def zipf_weights(count: int, exponent: float) -> list[float]:
    """Return weights by rank, ``1 / rank ** exponent``: few are wanted by many, and many by few."""
    return [1 / rank**exponent for rank in range(1, count + 1)]


_Draft = tuple[int, int, str, Request]


def _purchases(plan: Plan) -> Iterator[_Draft]:
    choices = random.Random(f"{plan.seed}:choices")  # noqa: S311  - a crowd must be repeatable, not secret
    keys = random.Random(f"{plan.seed}:keys")  # noqa: S311  - the same
    requests = [
        [_purchase(item.id, quantity) for quantity in range(1, len(plan.quantity_weights) + 1)] for item in plan.items
    ]
    pick_item = _picker([item.weight for item in plan.items])
    pick_quantity = _picker(plan.quantity_weights)
    for due_ns in arrivals(plan):
        request = requests[pick_item(choices.random())][pick_quantity(choices.random())]
        yield due_ns, int(choices.random() * plan.clients), _key(keys), request


def _repeated(plan: Plan, again: Again) -> Iterator[_Draft]:
    """Yield a share of the purchases once more, each as it was and so much later."""
    chance = random.Random(f"{plan.seed}:again:{again.after_s}")  # noqa: S311  - a crowd must be repeatable, not secret
    for due_ns, client, key, request in _purchases(plan):
        if chance.random() < again.share:
            yield due_ns + round(again.after_s * 1e9), client, key, request


def _restocks(plan: Plan) -> Iterator[_Draft]:
    keys = random.Random(f"{plan.seed}:restocks")  # noqa: S311  - a crowd must be repeatable, not secret
    for restock in sorted(plan.restocks, key=lambda restock: restock.at_s):
        request = _restock(restock.item_id, restock.quantity)
        yield round(restock.at_s * 1e9), plan.clients, _key(keys), request


def _purchase(item_id: str, quantity: int) -> Request:
    args = {"item_id": item_id, "quantity": quantity}
    return Request("buy", "/buy-item", msgspec.json.encode(args), args)


def _restock(item_id: str, quantity: int) -> Request:
    body = msgspec.json.encode({"quantity": quantity})
    return Request("restock", f"/items/{item_id}/restock", body, {"item_id": item_id, "quantity": quantity})


def _key(source: random.Random) -> str:
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


def _picker(weights: Sequence[float]) -> Callable[[float], int]:
    """Return a function from [0, 1) to a place, each as often as its weight says."""
    ends = list(itertools.accumulate(weights))
    last = len(ends) - 1
    return lambda share: min(last, bisect.bisect_right(ends, share * ends[-1]))


def arrivals(plan: Plan) -> Iterator[int]:
    """Yield when purchases are due, nanoseconds from the crowd's start.

    Arrivals of a steady unit rate are stretched through the inverse of the integrated rate, which turns a
    homogeneous Poisson process into one of any rate (Çinlar, Introduction to Stochastic Processes, 1975).
    """
    position = _POSITIONS[plan.arrivals](plan.seed)
    wanted = next(position)
    begins_s = passed = 0.0
    for duration_s, rate, rate_to in stretches(plan.phases):
        area = duration_s * (rate + rate_to) / 2
        while wanted < passed + area:
            yield round((begins_s + _when(wanted - passed, duration_s, rate, rate_to)) * 1e9)
            wanted = next(position)
        passed += area
        begins_s += duration_s


def stretches(phases: list[Phase]) -> Iterator[tuple[float, float, float]]:
    """Yield (seconds, rate at its start, rate at its end) of every straight line of the arrival rate."""
    for phase in phases:
        rate_to = phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s
        yield phase.duration_s, phase.rate_per_s, rate_to


def _when(area: float, duration_s: float, rate: float, rate_to: float) -> float:
    """Return the time at which a straight line has this much area to its left."""
    root = math.sqrt(max(0.0, rate**2 + 2 * area * (rate_to - rate) / duration_s))
    return min(duration_s, 2 * area / (rate + root)) if area > 0 else 0.0


def _poisson(seed: int) -> Iterator[float]:
    source = random.Random(f"{seed}:arrivals")  # noqa: S311  - a crowd must be repeatable, not secret
    position = 0.0
    while True:
        position -= math.log(1.0 - source.random())
        yield position


def _uniform(seed: int) -> Iterator[float]:  # noqa: ARG001  - evenly spaced arrivals leave nothing to a seed
    return itertools.count(0.5)  # in the middle of each, so that rounding cannot move one over a phase's end


_POSITIONS: dict[str, Callable[[int], Iterator[float]]] = {"poisson": _poisson, "uniform": _uniform}
