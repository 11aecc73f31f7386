"""An orderly restart: what a deployment does to a service, and an operator to a server."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._fault import Fault, Seen


class Restart(Fault):
    """Asks a part to end and starts it again on the same address; it keeps what it has on disk."""

    NAME: ClassVar[str] = "restart"
    PROVES: ClassVar[str] = "A part may be rolled under load: it drains, comes back, and nothing is lost or sold twice."
    LASTS: ClassVar[bool] = False

    def inject(self) -> None:
        """Stop it in order and start it."""
        self._was = self.part.pids[:1]
        self.part.stop()
        self.target.start(self.part)

    def probe(self) -> Seen:
        """Look whether another process leads it than before."""
        now = self.part.pids[:1]
        if not now or now == self._was:
            return Seen(in_effect=False, saw=f"process {now[0]} leads it as before" if now else "nothing of it lives")
        return Seen(in_effect=True, saw=f"process {self._was[0] if self._was else '?'} ended, {now[0]} leads it")

    def heal(self) -> None:
        """Start it if it did not come back."""
        if not self.part.pids:
            self.target.start(self.part)
