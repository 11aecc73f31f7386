"""What a crowd will do, decided before it starts: the load generator's only input."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

_ITEM_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_QUANTITY_MAX = 1_000  # what one purchase may ask for
_OPERATIONS_MAX = 20_000_000  # a longer crowd is a typing error: it would not fit a disk


class PlanError(ValueError):
    """The plan is not one; every sentence begins with the field that it is about."""


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the crowd's arrival rate.

    ``steady`` keeps ``rate_per_s``; ``ramp`` goes from it to ``rate_to_per_s`` in a straight line; ``spike`` is at
    ``rate_per_s`` at once, whatever was before, and falls to ``rate_to_per_s`` in a straight line, or stays if
    there is none.
    """

    shape: Literal["steady", "ramp", "spike"]
    rate_per_s: float
    duration_s: float
    rate_to_per_s: float | None = None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something for sale: ``weight`` is its share of the demand, relative to the other items'.

    ``stock`` is what it starts with. The crowd does not look at it; those who read a plan do.
    """

    id: str
    stock: int
    weight: float = 1.0


class Restock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that arrive ``at_s`` after the crowd's start."""

    at_s: float
    item_id: str
    quantity: int


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Purchases that are sent once more under their key, as an operation of its own, ``after_s`` after the first.

    At once it is a double click, and both are in flight together; later it is a page that was loaded again, and what
    was decided must be told again. ``share`` of all purchases, from 0 to 1, are.
    """

    after_s: float
    share: float


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole crowd. Two plans that differ only in where they send and what they allow send the same crowd.

    Attributes:
        seed: decides every arrival, choice and key.
        url: the edge, without a path.
        epoch_ns: CLOCK_MONOTONIC when the run began; recorded times count from it. The crowd starts when the
            generator is ready, and not before this instant.
        clients: how many buyers there are; each purchase is one of theirs.
        directory: the variant's directory, where everything is written.
        arrivals: ``poisson`` (memoryless, as strangers arrive) or ``uniform`` (evenly spaced).
        quantity_weights: relative frequency of buying 1, 2, 3, …
        timeout_ms: of one attempt, from the request's first byte to the answer's last.
        attempts_max: attempts under one idempotency key, as long as each was refused and did nothing.
        doubt_attempts_max: attempts once one was lost: only a stored answer ends that doubt, so it is asked for until
            it comes, and the drain is the bound that is meant to be met first.
        backoff_ms: the first retry waits a random share of this, each further one of twice the last.
        backoff_ms_max: the longest such wait.
        retry_after_ms_max: no Retry-After is honoured beyond this, so that a short run ends.
        drain_ms: how long unknown outcomes are still resolved after the last phase.
        connections_max: requests on the wire at once; a further one waits, and is late by that.
        lateness_budget_ms: at most this, at the 99th percentile, may a first attempt be sent after it was due.
        cpu_budget: share of one core that the generator may use while it sends.
    """

    seed: int
    url: str
    epoch_ns: int
    clients: int
    phases: list[Phase]
    items: list[Item]
    directory: str
    restocks: list[Restock] = []
    again: list[Again] = []
    arrivals: Literal["poisson", "uniform"] = "poisson"
    quantity_weights: tuple[float, ...] = (0.85, 0.09, 0.04, 0.02)
    timeout_ms: int = 5_000
    attempts_max: int = 8
    doubt_attempts_max: int = 100
    backoff_ms: int = 50
    backoff_ms_max: int = 1_000
    retry_after_ms_max: int = 1_000
    drain_ms: int = 10_000
    connections_max: int = 1_024
    lateness_budget_ms: float = 100.0
    cpu_budget: float = 0.8

    def __post_init__(self) -> None:
        """Refuse a plan that cannot be sent, with every reason at once (``PlanError``)."""
        reasons = [
            *self._faults_of_limits(),
            *self._faults_of_phases(),
            *self._faults_of_items(),
            *self._faults_of_restocks(),
            *self._faults_of_again(),
        ]
        if reasons:
            raise PlanError("\n".join(reasons))

    @property
    def duration_s(self) -> float:
        """All phases together, without the drain."""
        return sum(phase.duration_s for phase in self.phases)

    def _faults_of_limits(self) -> Iterator[str]:
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
            yield f"url is an http address without a path, like http://127.0.0.1:8080, not {self.url!r}"
        if not self.directory:
            yield "directory names where the variant's files are written, and is empty"
        for name in ("clients", "timeout_ms", "attempts_max", "doubt_attempts_max", "connections_max"):
            if getattr(self, name) < 1:
                yield f"{name} is at least 1, not {getattr(self, name)}"
        for name in ("epoch_ns", "backoff_ms", "backoff_ms_max", "retry_after_ms_max", "drain_ms"):
            if getattr(self, name) < 0:
                yield f"{name} is at least 0, not {getattr(self, name)}"
        for name in ("lateness_budget_ms", "cpu_budget"):
            if not _is_positive(getattr(self, name)):
                yield f"{name} is above 0, not {getattr(self, name)}"

    def _faults_of_phases(self) -> Iterator[str]:
        if not self.phases:
            yield "phases has at least one phase"
        expected = 0.0
        for place, phase in enumerate(self.phases):
            name = f"phases[{place}]"
            if not _is_positive(phase.duration_s):
                yield f"{name}.duration_s is above 0, not {phase.duration_s}"
            rates = {"rate_per_s": phase.rate_per_s}
            if phase.shape == "steady" and phase.rate_to_per_s is not None:
                yield f"{name}.rate_to_per_s has no meaning in a steady phase"
            if phase.shape == "ramp" and phase.rate_to_per_s is None:
                yield f"{name}.rate_to_per_s is needed by a ramp"
            if phase.rate_to_per_s is not None:
                rates["rate_to_per_s"] = phase.rate_to_per_s
            for rate_name, rate in rates.items():
                if not (math.isfinite(rate) and rate >= 0):
                    yield f"{name}.{rate_name} is at least 0, not {rate}"
            expected += phase.duration_s * max(rates.values())
        if not expected <= _OPERATIONS_MAX:
            yield f"phases ask for about {expected:.0f} operations; at most {_OPERATIONS_MAX} are sent"

    def _faults_of_items(self) -> Iterator[str]:
        if not self.items:
            yield "items has at least one item"
        seen: set[str] = set()
        for place, item in enumerate(self.items):
            name = f"items[{place}]"
            if not _ITEM_ID.fullmatch(item.id) or item.id == "batch":
                yield f"{name}.id is 1 to 64 of a-z, 0-9 and -, and never `batch`, not {item.id!r}"
            if item.id in seen:
                yield f"{name}.id {item.id!r} stands twice"
            if item.stock < 0:
                yield f"{name}.stock is at least 0, not {item.stock}"
            if not _is_positive(item.weight):
                yield f"{name}.weight is above 0, not {item.weight}"
            seen.add(item.id)
        if not self.quantity_weights or not all(_is_positive(weight) for weight in self.quantity_weights):
            yield "quantity_weights has at least one weight, each above 0"
        if len(self.quantity_weights) > _QUANTITY_MAX:
            yield f"quantity_weights has at most {_QUANTITY_MAX} weights, not {len(self.quantity_weights)}"

    def _faults_of_restocks(self) -> Iterator[str]:
        items = {item.id for item in self.items}
        for place, restock in enumerate(self.restocks):
            name = f"restocks[{place}]"
            if restock.item_id not in items:
                yield f"{name}.item_id {restock.item_id!r} is none of the items"
            if not 0 <= restock.at_s <= self.duration_s:
                yield f"{name}.at_s is within the phases' {self.duration_s:g} s, not {restock.at_s}"
            if not 1 <= restock.quantity <= 1_000_000:
                yield f"{name}.quantity is 1 to 1000000, not {restock.quantity}"

    def _faults_of_again(self) -> Iterator[str]:
        for place, again in enumerate(self.again):
            name = f"again[{place}]"
            if not (math.isfinite(again.after_s) and again.after_s >= 0):
                yield f"{name}.after_s is at least 0, not {again.after_s}"
            if not _is_share(again.share):
                yield f"{name}.share is 0 to 1, not {again.share}"


def _is_share(number: float) -> bool:
    return 0 <= number <= 1


def _is_positive(number: float) -> bool:
    return math.isfinite(number) and number > 0


def read_plan(path: Path) -> Plan:
    """Return the plan in this file; ``PlanError`` says what is wrong with it, field by field."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except PlanError:
        raise
    except msgspec.DecodeError as error:
        raise PlanError(str(error)) from error


def write_plan(path: Path, plan: Plan) -> Path:
    """Write the plan, readable for a person, and return where it is."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
    return path
