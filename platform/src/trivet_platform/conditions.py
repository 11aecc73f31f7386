"""What a part is started under so that it can be broken later in a way that a running process does not allow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Conditions:
    """The world that one part sees.

    ``variables`` are added to its environment. ``own_clock`` gives it a wall clock of its own, which can jump
    (``clock.py``). ``disk_bytes`` bounds the filesystem that PostgreSQL's data lies on, which can then be filled
    (``bounded_disk.py``), and says nothing to others; None leaves it on the machine's.
    """

    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    own_clock: bool = False
    disk_bytes: int | None = None
