"""What a scene is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from trivet_lab.console import Console
from trivet_lab.evidence import VariantDirectory
from trivet_lab.topologies import Stage
from trivet_platform import Limits


def nobody_asks(at_s: float) -> None:
    """Do nothing when the crowd has begun."""
    del at_s


@dataclasses.dataclass(frozen=True)
class Cue:
    """The services on stage, the seed, where to write, and how to speak.

    ``begun`` is told, with the seconds since then, that the crowd has begun: what is to happen beside it counts from
    there. ``outage_s`` is how long parts may be away at a time: a crowd that gives up sooner leaves doubts that nobody
    resolves. ``limits`` are what the edge takes of one client once the crowd comes, None to leave it as it is.
    """

    stage: Stage
    seed: int
    directory: VariantDirectory
    console: Console
    begun: Callable[[float], None] = nobody_asks
    outage_s: float = 0
    limits: Limits | None = None
