"""A master that comes back at once and has forgotten every lock: the case that Redlock's argument leaves open."""

from __future__ import annotations

import socket
import uuid
from typing import ClassVar
from urllib.parse import urlsplit

from trivet_lab.faults._fault import Fault, Seen

_TIMEOUT_S = 2


class RestartEmpty(Fault):
    """Kills a Valkey and starts it at once. A key that was planted before must be gone after it.

    Redlock is safe only if a restarted master stays away longer than the longest lease (the *delayed restarts* of its
    description). One that is back at once may grant a lock that it has granted already.
    """

    NAME: ClassVar[str] = "restart_empty"
    PROVES: ClassVar[str] = "Locks that masters forget cost nothing but a refusal: the guard and the fence still hold."
    KINDS: ClassVar[frozenset[str] | None] = frozenset({"valkey"})
    LASTS: ClassVar[bool] = False

    def inject(self) -> None:
        """Plant a key, kill it, and start it."""
        self._key = f"trivet-lab:{uuid.uuid4().hex}"
        self._planted = _ask(self.part.endpoints["url"], "SET", self._key, "1")
        self.part.kill()
        self.target.start(self.part)

    def probe(self) -> Seen:
        """Look whether the key is gone."""
        answer = _ask(self.part.endpoints["url"], "EXISTS", self._key)
        if self._planted == "+OK" and answer == ":0":
            return Seen(in_effect=True, saw="a key that was planted before it died is gone: its memory is empty")
        return Seen(in_effect=False, saw=f"planting a key answered {self._planted}, looking for it {answer}")

    def heal(self) -> None:
        """Start it if it did not come back, and leave no planted key behind."""
        if not self.part.pids:
            self.target.start(self.part)
        _ask(self.part.endpoints["url"], "DEL", self._key)


def _ask(url: str, *words: str) -> str:
    """Send one command in RESP and return the first line of the answer, or how it failed."""
    parts = urlsplit(url)
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_TIMEOUT_S) as connection:
            connection.sendall(request.encode())
            with connection.makefile("rb") as answer:
                return answer.readline().decode(errors="replace").strip()
    except OSError as error:
        return f"nothing: {error}"
