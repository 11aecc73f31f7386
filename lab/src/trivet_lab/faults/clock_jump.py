"""A wall clock that is set: by an operator, or by NTP after a long time without it."""

from __future__ import annotations

import re
import time
from typing import ClassVar

from trivet_lab.faults._fault import Fault, FaultError, Seen
from trivet_lab.faults._targets import kind_of
from trivet_lab.faults._wall_clock import READERS, NoTime
from trivet_platform import Conditions, OwnClock, Postgres, Program, Valkey, find_libfaketime

DEFAULT = "+1h"
NEAR_S = 10
"""How far a clock that shows whole seconds, and is read late, may be from what it was set to."""
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<count>[1-9]\d{0,5})(?P<unit>[smh])")


class ClockJump(Fault):
    """Sets one part's wall clock: ``clock_jump=+1h`` or ``clock_jump=-90s``, from the machine's time.

    The process sees another clock through libfaketime, and the others see theirs. Its monotonic clock goes on, as it
    does on a real machine. Healing sets it back, which is a jump of its own.
    """

    NAME: ClassVar[str] = "clock_jump"
    PROVES: ClassVar[str] = "No lease, key or deadline of the shop is true only while wall clocks agree."
    KINDS: ClassVar[frozenset[str] | None] = frozenset(READERS)

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Take a jump that a clock of whole seconds shows."""
        if abs(_offset_s(argument)) <= 2 * NEAR_S:
            raise FaultError(f"clock_jump={argument} is too small to be seen: write more than {2 * NEAR_S}s")

    @classmethod
    def needs(cls, argument: str) -> Conditions:
        """Give the part a clock of its own."""
        del argument
        return Conditions(own_clock=True)

    @classmethod
    def blocker(cls) -> str | None:
        """Need libfaketime."""
        return None if find_libfaketime() else "libfaketime is not installed (on Debian: apt-get install libfaketime)"

    @property
    def clock(self) -> OwnClock:
        """The part's own clock."""
        clock = self.part.clock if isinstance(self.part, Program | Valkey | Postgres) else None
        if clock is None:
            raise FaultError(f"{self.target.name} was started with the machine's clock")
        return clock

    def inject(self) -> None:
        """Set its clock."""
        self.clock.jump(_offset_s(self.argument))

    def probe(self) -> Seen:
        """Ask the part what time it is."""
        try:
            ahead_s = READERS[kind_of(self.target.name)](self.part.endpoints["url"]) - time.time()
        except NoTime as error:
            return Seen(in_effect=False, saw=str(error))
        # Half the way is neither the machine's time nor the jump's, so neither is taken for the other.
        in_effect = abs(ahead_s - _offset_s(self.argument)) < NEAR_S
        return Seen(in_effect, f"it shows the machine's time {ahead_s:+,.0f} s")

    def heal(self) -> None:
        """Set it back to the machine's time."""
        self.clock.jump(0)


def _offset_s(argument: str) -> int:
    found = _OFFSET.fullmatch(argument or DEFAULT)
    if found is None:
        raise FaultError(f"clock_jump={argument} is no jump: write clock_jump=+1h or clock_jump=-90s")
    return int(f"{found['sign']}{found['count']}") * _SECONDS[found["unit"]]
