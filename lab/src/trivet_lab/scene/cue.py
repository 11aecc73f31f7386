"""What a scene is given."""

from __future__ import annotations

import dataclasses

from trivet_lab.console import Console
from trivet_lab.evidence import VariantDirectory
from trivet_lab.topologies import Stage


@dataclasses.dataclass(frozen=True)
class Cue:
    """The services on stage, the seed, where to write, and how to speak."""

    stage: Stage
    seed: int
    directory: VariantDirectory
    console: Console
