"""What a crowd will do, decided before it starts: the load generator's only input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import msgspec

from trivet_lab.load.attendance import Attendance, faults_of_again, faults_of_phases, is_positive
from trivet_lab.load.checking_out import CheckingOut
from trivet_lab.load.flood import Flood
from trivet_lab.load.ordering import Ordering
from trivet_lab.load.sale import Sale
from trivet_lab.load.seating import Seating
from trivet_lab.load.siege import Siege
from trivet_lab.load.spending import Spending


class PlanError(ValueError):
    """The plan is not one; every sentence begins with the field that it is about."""


Errand = Sale | Flood | Spending | Siege | Seating | Ordering | CheckingOut
"""What a crowd wants: each kind is a file of its own, and tells itself from the others by its tag."""


class Plan(Attendance, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole crowd. Two plans that differ only in where they send and what they allow send the same crowd.

    Attributes, beside those of every attendance:
        errand: what it wants.
        url: the edge, without a path.
        inside: the replicas, for what one service asks of another past the edge; needed where an errand does.
        epoch_ns: CLOCK_MONOTONIC when the run began; recorded times count from it. The crowd starts when the
            generator is ready, and not before this instant.
        directory: the variant's directory, where everything is written.
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

    errand: Errand
    url: str
    inside: tuple[str, ...] = ()
    epoch_ns: int
    directory: str
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
            *self._faults_of_addresses(),
            *self._faults_of_limits(),
            *faults_of_phases(self.phases),
            *faults_of_again(self.again),
            *(f"errand.{sentence}" for sentence in self.errand.faults(self.duration_s)),
        ]
        if reasons:
            raise PlanError("\n".join(reasons))

    def _faults_of_addresses(self) -> Iterator[str]:
        if not _is_base(self.url):
            yield f"url is an http address without a path, like http://127.0.0.1:8080, not {self.url!r}"
        for place, url in enumerate(self.inside):
            if not _is_base(url):
                yield f"inside[{place}] is an http address without a path, not {url!r}"
        if self.errand.INSIDE and not self.inside:
            yield "inside has the address of one replica at least, since not all is asked at the edge"

    def _faults_of_limits(self) -> Iterator[str]:
        if not self.directory:
            yield "directory names where the variant's files are written, and is empty"
        for name in ("clients", "timeout_ms", "attempts_max", "doubt_attempts_max", "connections_max"):
            if getattr(self, name) < 1:
                yield f"{name} is at least 1, not {getattr(self, name)}"
        for name in ("epoch_ns", "backoff_ms", "backoff_ms_max", "retry_after_ms_max", "drain_ms"):
            if getattr(self, name) < 0:
                yield f"{name} is at least 0, not {getattr(self, name)}"
        for name in ("lateness_budget_ms", "cpu_budget"):
            if not is_positive(getattr(self, name)):
                yield f"{name} is above 0, not {getattr(self, name)}"


def _is_base(url: str) -> bool:
    """Whether this is an address to which paths can be appended."""
    parts = urlsplit(url)
    return parts.scheme == "http" and bool(parts.hostname) and not parts.path.strip("/") and not parts.query


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


class _Kind(msgspec.Struct, frozen=True):
    kind: str


class _Wanted(msgspec.Struct, frozen=True):
    errand: _Kind


def main_operations(path: Path) -> frozenset[str] | None:
    """Return the operations whose latency and rate the plan in this file is about; None if it does not say."""
    errand = _kind_of(path)
    return None if errand is None else frozenset(errand.MAIN)


def names_of_operations(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return which arguments name what is asked for without a key, by its operation: asking again names the same."""
    errand = _kind_of(path)
    return {} if errand is None else errand.NAMED_BY


def _kind_of(path: Path) -> type[Errand] | None:
    try:
        kind = msgspec.json.decode(path.read_bytes(), type=_Wanted).errand.kind
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return next((each for each in get_args(Errand) if each.__struct_config__.tag == kind), None)
