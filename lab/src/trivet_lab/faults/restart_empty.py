"""A Valkey that comes back at once and has forgotten every lock and hold: what Redlock's argument leaves open."""

from __future__ import annotations

import uuid
from typing import ClassVar

from trivet_lab.faults._fault import Fault, Seen
from trivet_lab.faults._resp import ask


class RestartEmpty(Fault):
    """Kills a Valkey and starts it at once. A key that was planted before must be gone after it.

    Redlock is safe only if a restarted master stays away longer than the longest lease (the *delayed restarts* of its
    description). One that is back at once may grant a lock that it has granted already.
    """

    NAME: ClassVar[str] = "restart_empty"
    PROVES: ClassVar[str] = (
        "Locks and holds that are forgotten cost nothing but a refusal: the guard and the fence still hold, and what "
        "was sold stays sold."
    )
    KINDS: ClassVar[frozenset[str] | None] = frozenset({"valkey"})
    LASTS: ClassVar[bool] = False

    def inject(self) -> None:
        """Plant a key, kill it, and start it."""
        self._key = f"trivet-lab:{uuid.uuid4().hex}"
        self._planted = ask(self.part.endpoints["url"], "SET", self._key, "1")
        self.part.kill()
        self.target.start(self.part)

    def probe(self) -> Seen:
        """Look whether the key is gone."""
        answer = ask(self.part.endpoints["url"], "EXISTS", self._key)
        if self._planted == "+OK" and answer == ":0":
            return Seen(in_effect=True, saw="a key that was planted before it died is gone: its memory is empty")
        return Seen(in_effect=False, saw=f"planting a key answered {self._planted}, looking for it {answer}")

    def heal(self) -> None:
        """Start it if it did not come back, and leave no planted key behind."""
        if not self.part.pids:
            self.target.start(self.part)
        ask(self.part.endpoints["url"], "DEL", self._key)
