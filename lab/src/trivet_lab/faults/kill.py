"""The power goes off: SIGKILL to everything of a part, and a start on the same address when it is healed."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._fault import Fault, Seen, numbers


class Kill(Fault):
    """Ends a part without a word. What it had in memory is gone: a Valkey comes back empty, PostgreSQL recovers.

    A Kafka recovers as well, and is away for some seconds: it waits until its own last session is over.
    """

    NAME: ClassVar[str] = "kill"
    PROVES: ClassVar[str] = (
        "What was acknowledged survives the sudden death of a process, and what was not is resolved."
    )

    def inject(self) -> None:
        """Kill every process of it."""
        self._were = self.part.pids
        self.part.kill()

    def probe(self) -> Seen:
        """Look for a living process of it."""
        if living := self.part.pids:
            return Seen(in_effect=False, saw=f"{numbers(living)} live")
        return Seen(in_effect=True, saw=f"{numbers(self._were)} gone, nothing of it lives")

    def heal(self) -> None:
        """Start it again, on the address that everybody knows."""
        if not self.part.pids:
            self.target.start(self.part)
