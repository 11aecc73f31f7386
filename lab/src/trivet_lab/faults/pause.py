"""A process that stands still: SIGSTOP, as a long collection of garbage or a machine's migration looks to others."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._fault import Fault, Seen, numbers
from trivet_lab.faults._stopped import is_stopped


class Pause(Fault):
    """Stops a part where it stands. Its connections stay open, and it does not know that time went by."""

    NAME: ClassVar[str] = "pause"
    PROVES: ClassVar[str] = "A holder that slept past its lease writes nothing stale: the guard and the fence hold."

    def inject(self) -> None:
        """Stop every process of it."""
        self.part.pause()

    def probe(self) -> Seen:
        """Look whether every process of it is stopped in the kernel's table."""
        pids = self.part.pids
        running = [pid for pid in pids if not is_stopped(pid)]
        if running or not pids:
            return Seen(in_effect=False, saw=f"{numbers(running)} not stopped" if running else "nothing of it lives")
        return Seen(in_effect=True, saw=f"{numbers(pids)} in state T")

    def heal(self) -> None:
        """Let it go on."""
        self.part.resume()
