"""A link: a TCP proxy in front of one address, on which the network can be broken on purpose."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from trivet_platform.errors import PlatformError
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart
from trivet_platform.standalone import standalone

_CONTROL = "control"
_PATIENCE_S = 10
_PROBE_PATIENCE_S = 1


class LinkFailed(PlatformError):
    """A link did not do what it was told; whether it took effect is unknown."""


class Link(ServerPart):
    """A TCP link to ``target`` (``host:port``): whoever is to use it is given ``address`` instead.

    A verb replaces the one before and returns when it is in effect on every connection, open or new. It stays so until
    the next one; ``clear`` heals. A link that is stopped or killed and started again is clear, at the same address.

    When bytes are carried again after some were lost, the connections that lost them are cut: no network delivers a
    stream with a gap in it. Without a fault it carries half-closes and resets as they come, lets a slow reader slow its
    sender down, and resets a client whose target cannot be reached.

    Every verb raises LinkFailed when the process does not answer within ten seconds, for instance while it is paused.
    """

    def __init__(self, name: str, target: str, port: int | None = None) -> None:
        super().__init__(name, port)
        self.target = target
        self._control: Path | None = None

    @property
    def address(self) -> str:
        """Where clients connect, ``host:port``."""
        return f"{HOST}:{self.port}"

    @property
    def endpoints(self) -> dict[str, str]:
        """Its own address, and the one behind it."""
        return {"tcp": self.address, "target": self.target}

    def spawn(self, site: Site) -> Process:
        """Spawn it on ``self.port``."""
        self._control = site.directory / _CONTROL
        return site.spawn(standalone("link_proxy", "run", HOST, str(self.port), self.target, _CONTROL))

    def probe(self) -> str | None:
        """Return None when its control channel answers."""
        try:
            self._ask({"verb": "counts"}, _PROBE_PATIENCE_S)
        except LinkFailed as error:
            return str(error)
        return None

    def clear(self) -> None:
        """Carry everything as it comes: no fault."""
        self._ask({"verb": "clear"})

    def delay(self, ms: float, jitter_ms: float = 0) -> None:
        """Hold everything for ``ms`` each way, give or take up to ``jitter_ms``; the order is kept."""
        if ms < 0 or jitter_ms < 0:
            raise ValueError("nothing arrives before it was sent: ms and jitter_ms are 0 or more")
        self._ask({"verb": "delay", "ms": ms, "jitter_ms": jitter_ms})

    def reset(self) -> None:
        """Cut every connection by RST, on both sides, and every new one right after it was accepted."""
        self._ask({"verb": "reset"})

    def refuse(self) -> None:
        """Refuse new connections; open ones go on."""
        self._ask({"verb": "refuse"})

    def black_hole(self) -> None:
        """Accept connections and swallow all that comes from either side; nothing closes, nobody learns of it."""
        self._ask({"verb": "black_hole"})

    def half_open(self) -> None:
        """Cut the target's side by RST and leave the client's open: it waits for answers that never come."""
        self._ask({"verb": "half_open"})

    def cut_after(self, *patterns: bytes, times: int | None = None) -> None:
        """Let the target act on what contains one of ``patterns``, lose its answer and cut both sides.

        The client is reset after the target has closed, so when it sees the reset the effect is there. It happens on
        each connection whose client sends a pattern from now on, whichever way TCP cut it into segments; after
        ``times`` matches the link carries on without looking. A pattern is compared with the bytes on the wire: it
        is not found in what is encrypted, nor in a statement that was prepared earlier. A client that pipelines
        requests may lose the answers to those before the match too.

        For PostgreSQL ``b"COMMIT"`` finds psycopg's ``COMMIT`` and asyncpg's ``COMMIT;``. pgx's is in small letters, as
        is the name of an isolation level, so it is found as a whole message.
        """
        if not all(patterns) or not patterns or (times is not None and times < 1):
            raise ValueError("cut after at least one byte, and at least once")
        self._ask({"verb": "cut_after", "patterns": [pattern.hex() for pattern in patterns], "times": times})

    def cut_answer(self) -> None:
        """Carry what is asked, and cut both sides at the first byte of an answer, which is lost.

        A server that answers has acted: a service behind HTTP has committed, and whoever asked cannot know. A
        connection on which nothing is answered is left as it is. A protocol that begins with a handshake is cut there.
        """
        self._ask({"verb": "cut_answer"})

    def counts(self) -> dict[str, int]:
        """Return what happened since it was started: the evidence that a fault had an effect.

        ``connections`` accepted, ``open`` now, ``bytes`` carried (either way), ``dropped`` bytes received and never
        carried, ``delayed`` bytes that were held, ``held`` now, ``matched`` patterns or answers, ``cut`` connections
        that the link itself ended, ``unreachable`` connections whose target could not be reached.
        """
        return self._ask({"verb": "counts"})

    def _ask(self, message: dict[str, Any], patience_s: float = _PATIENCE_S) -> dict[str, int]:
        if self._control is None:
            raise LinkFailed(f"{self.name} is not started")
        try:
            answer = json.loads(_converse(self._control, message, patience_s))
        except (OSError, ValueError) as error:
            raise LinkFailed(f"{self.name} does not answer: {str(error) or type(error).__name__}") from error
        if "error" in answer:
            raise LinkFailed(f"{self.name} refuses: {answer['error']}")
        counts: dict[str, int] = answer["counts"]
        return counts


def _converse(control: Path, message: dict[str, Any], patience_s: float) -> bytes:
    """Send one line to the control channel and return the line that comes back.

    The path of a Unix socket has room for 107 bytes, and a run directory may lie deeper than that: so it is reached
    through a descriptor of its folder, whose path is short.
    """
    folder = os.open(control.parent, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(patience_s)
            channel.connect(f"/proc/self/fd/{folder}/{control.name}")
            channel.sendall(json.dumps(message).encode() + b"\n")
            with channel.makefile("rb") as lines:
                return lines.readline()
    finally:
        os.close(folder)
