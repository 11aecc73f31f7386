"""Who comes and when: the part of a crowd that is the same whatever it wants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import msgspec

_OPERATIONS_MAX = 20_000_000  # a longer crowd is a typing error: it would not fit a disk
_TIMES_MAX = 100  # more requests under one key at once are a typing error too


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


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations that are sent once more under their key, as an operation of its own, ``after_s`` after the first.

    At once it is a double click, and both are in flight together; later it is a page that was loaded again, and what
    was decided must be told again. ``share`` of all operations that may be repeated, from 0 to 1, are; each of them
    ``times`` times, by one client after the other.
    """

    after_s: float
    share: float
    times: int = 1


class Attendance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A crowd before it is known what it wants.

    Attributes:
        seed: decides every arrival, choice and key.
        clients: how many there are; each operation is one of theirs.
        phases: the rate at which they come, one stretch after the other.
        again: what is sent more than once.
        arrivals: ``poisson`` (memoryless, as strangers arrive) or ``uniform`` (evenly spaced).
    """

    seed: int
    clients: int
    phases: list[Phase]
    again: list[Again] = []
    arrivals: Literal["poisson", "uniform"] = "poisson"

    @property
    def duration_s(self) -> float:
        """All phases together, without the drain."""
        return sum(phase.duration_s for phase in self.phases)


def faults_of_phases(phases: list[Phase]) -> Iterator[str]:
    """Yield a sentence for everything that spoils these phases."""
    if not phases:
        yield "phases has at least one phase"
    expected = 0.0
    for place, phase in enumerate(phases):
        name = f"phases[{place}]"
        if not is_positive(phase.duration_s):
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


def faults_of_again(repeated: list[Again]) -> Iterator[str]:
    """Yield a sentence for everything that spoils what is to be sent again."""
    for place, again in enumerate(repeated):
        name = f"again[{place}]"
        if not (math.isfinite(again.after_s) and again.after_s >= 0):
            yield f"{name}.after_s is at least 0, not {again.after_s}"
        if not is_share(again.share):
            yield f"{name}.share is 0 to 1, not {again.share}"
        if not 1 <= again.times <= _TIMES_MAX:
            yield f"{name}.times is 1 to {_TIMES_MAX}, not {again.times}"


def is_share(number: float) -> bool:
    """Whether a number is from 0 to 1."""
    return 0 <= number <= 1


def is_positive(number: float) -> bool:
    """Whether a number is finite and above 0."""
    return math.isfinite(number) and number > 0
