"""One JSON line a second on stdout, for whoever draws a bar."""

from __future__ import annotations

import os
import select

import msgspec

from trivet_lab.load.recorder import Recorder


class Line(msgspec.Struct, frozen=True):
    """Counts since the crowd's start, ``at_s`` after it; ``refused`` are operations that certainly failed."""

    at_s: float
    sent: int
    ok: int
    refused: int
    unknown: int
    in_flight: int


class Progress:
    """Writes lines for as long as somebody may read them.

    A reader that is gone ends the lines and is told by ``has_reader``; one that does not read loses lines, for
    a full pipe must not hold back the crowd.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.has_reader = True

    def say(self, recorder: Recorder, at_s: float) -> None:
        """Write where the crowd stands."""
        ended = recorder.whole.ended
        line = Line(
            at_s=round(at_s, 3),
            sent=recorder.whole.sent,
            ok=ended["ok"],
            refused=ended["fail"],
            unknown=ended["unknown"],
            in_flight=recorder.in_flight,
        )
        try:
            _, writable, _ = select.select([], [self._descriptor], [], 0)
            if writable:  # a pipe then has room for more than a line
                os.write(self._descriptor, msgspec.json.encode(line) + b"\n")
        except OSError:
            self.has_reader = False
