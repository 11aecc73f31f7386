"""A fault at a named moment inside a service: between COMMIT and the reply, say, which nobody hits from outside."""

from __future__ import annotations

import dataclasses
import re
from typing import ClassVar

import msgspec

from trivet_lab.faults._fault import Fault, FaultError, Seen
from trivet_lab.faults._targets import SERVICE
from trivet_platform import Conditions, Program

VARIABLE = "TRIVET_FAILPOINTS"


class _Line(msgspec.Struct):
    """What a service writes right before it acts at a failpoint."""

    event: str
    name: str
    action: str
    hit: int
    pid: int


class Failpoint(Fault):
    """Starts its part with an armed failpoint, and waits for the line that the service writes when it gets there.

    It has no time of its own: it happens when a purchase reaches the place for the n-th time. ``at`` is when the lab
    begins to look for it, and ``for`` how long a part that died of it stays away.
    """

    NAME: ClassVar[str] = "failpoint"
    PROVES: ClassVar[str] = "Whatever the moment at which a process dies or stands still, its keys find the truth."
    KINDS: ClassVar[frozenset[str] | None] = frozenset({SERVICE})
    LASTS: ClassVar[bool] = False
    PATIENCE_S: ClassVar[float | None] = None

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Refuse what is no failpoint; whether the service has one of this name it says itself when it starts."""
        if not re.fullmatch(r"[a-z0-9_.]+=(kill|error|pause:\d+)(@\d+)?", argument):
            raise FaultError(
                f"{argument!r} is no failpoint: write failpoint=inventory.purchase.after_commit=kill@3:target@at"
            )

    @classmethod
    def needs(cls, argument: str) -> Conditions:
        """Arm it."""
        return Conditions(variables={VARIABLE: argument})

    def inject(self) -> None:
        """Do nothing: it was armed when the part was started, and a purchase sets it off."""

    def probe(self) -> Seen:
        """Look for the service's own line in its log."""
        name, _, rest = self.argument.partition("=")
        action, _, hit = rest.partition("@")
        wanted = (name, action, int(hit or 1))
        with self.target.log.open("rb") as log:
            for raw in log:
                line = _failpoint(raw)
                if line and (line.name, line.action, line.hit) == wanted:
                    return Seen(in_effect=True, saw=raw.decode().strip())
        return Seen(in_effect=False, saw=f"{name} was not reached for the {wanted[2]}. time")

    def heal(self) -> None:
        """Start a part that died of it, without the failpoint: it would die of it again."""
        if isinstance(self.part, Program):
            own = self.part.conditions
            variables = {name: value for name, value in own.variables.items() if name != VARIABLE}
            self.part.conditions = dataclasses.replace(own, variables=variables)
        if not self.part.pids:
            self.target.start(self.part)


def _failpoint(raw: bytes) -> _Line | None:
    if b'"event":"failpoint"' not in raw:
        return None
    try:
        return msgspec.json.decode(raw, type=_Line)
    except msgspec.DecodeError:
        return None  # the line is being written
