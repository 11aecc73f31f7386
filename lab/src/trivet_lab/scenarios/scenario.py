"""What a scenario is: a claim, the variants that it is tried on, and how a crowd is sent at each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from cyclopts import Parameter
from cyclopts.validators import Number

from trivet_lab.evidence import VariantDirectory, Verdict
from trivet_lab.scene import Cue
from trivet_platform import Limits

P = TypeVar("P")
ONE_MACHINE = (
    "one machine: servers, load balancer and crowd share its cores and its disk, and nothing crosses a network",
)
"""What is simulated wherever everything runs beside each other."""


def asked(sentence: str, *, least: float, most: float) -> Parameter:
    """Describe one parameter of a scenario as the command line asks for it: what it is, and its bounds."""
    return Parameter(help=sentence, validator=Number(gte=least, lte=most))


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to run the same scene.

    ``breaks`` names the checkers that a variant *expected invalid* must be caught by; being caught by any other
    is not as expected. ``checkers`` are rules that this variant must keep beside the scenario's. ``lab`` opens what
    services keep closed outside a lab. ``mutant`` is a defect of ``tests/mutants`` that it is started with, in a copy.
    ``idle`` are kinds of servers that it never speaks to: a link to one carries nothing that a fault could hit.
    ``limits`` are what the load balancer takes of one client once the crowd comes, None if it is what any crowd may.
    """

    name: str
    expected: Verdict
    settings: Mapping[str, Mapping[str, str]]
    breaks: frozenset[str] = frozenset()
    checkers: tuple[str, ...] = ()
    lab: bool = False
    mutant: str = ""
    idle: frozenset[str] = frozenset()
    limits: Limits | None = None


@dataclasses.dataclass(frozen=True)
class Chapter(Generic[P]):
    """A scenario's part in the tour: its place, and parameters that keep its load short."""

    place: int
    parameters: P


@dataclasses.dataclass(frozen=True)
class Scenario(Generic[P]):
    """A claim and how it is tried.

    ``play`` sends the crowd at one stage and returns when every operation has ended; ``figures`` counts,
    from the variant's directory, what was done and what of it was wrong (``sold`` and ``oversold``), which are columns
    of the table, and whatever else the report shows; ``load_s`` is the declared load of one
    variant in seconds. ``faults`` are what it breaks itself, in words as ``--faults`` takes them; what a person asks
    for there replaces it.
    """

    name: str
    claim: str
    members: Sequence[str]
    variants: Sequence[Variant]
    checkers: Sequence[str]
    parameters: type[P]
    play: Callable[[Cue, P], None]
    figures: Callable[[VariantDirectory], dict[str, int]]
    load_s: Callable[[P], float]
    faults: str = ""
    real: Sequence[str] = ()
    simulated: Sequence[str] = ()
    chapter: Chapter[P] | None = None
