"""Lines for stdout: whoever has one hands it over and goes on, and one thread writes them in their order.

Which attack, and which accident: what reads stdout stands still, is gone, or its disk is full. A write on the way to an
answer then blocks the event loop, and everybody with it, or fails a request whose COMMIT was made; and whoever sends
requests that are refused makes as many lines as he likes. Why this guard: a line is put into a queue, which neither
waits nor fails; when ``LINES_MAX`` wait already, it is dropped and counted. One that could not be written is counted
too, and the next that can be is preceded by ``log lines lost`` with their count. If the guard is lost, a reader that
sleeps stops the service, and money that was moved is told as a defect.

What it costs: a process that is killed takes the lines along that it had not written yet. They are those of some
milliseconds, ``GATHER_S``, and one can be lost without a queue as well: between the COMMIT and the line there is always
a moment. A process that ends in an orderly way writes what it has, for up to ``END_DEADLINE_S``.
"""

from __future__ import annotations

import atexit
import os
import queue
import select
import threading
import time
from datetime import UTC, datetime

import msgspec

LINES_MAX = 10_000
"""Lines that may wait: of an audit log, some four megabytes."""
GATHER_S = 0.002
"""How long the writer rests when it has written all: to wake it for each line would cost more than the line."""
END_DEADLINE_S = 2.0
"""How long the end of a process waits for whoever reads its lines."""

_STDOUT = 1


class Lines:
    """Lines on their way to a file descriptor, each whole and in the order of their handing over.

    A queue of this kind may be put to anywhere, also where a signal or the garbage collector interrupts a put.
    """

    def __init__(self, descriptor: int, lines_max: int = LINES_MAX) -> None:
        self._descriptor = descriptor
        self._lines_max = lines_max
        self._waiting: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._guard = threading.RLock()
        self._writer: threading.Thread | None = None
        self._lost = 0
        self._is_within_line = False

    def put(self, line: bytes) -> None:
        """Hand a line over, with its end; drop it if too many wait."""
        if self._waiting.qsize() >= self._lines_max:
            self.lose(1)
            return
        self._waiting.put(line)
        if self._writer is None:
            self._start()

    def lose(self, count: int) -> None:
        """Count lines that are not written.

        Which race: several threads lose lines while the writer tells of those before. Why this guard: who adds and who
        takes the sum are never in between each other. If it is lost, the count is too small.
        """
        with self._guard:
            self._lost += count

    def flush(self, deadline_s: float) -> bool:
        """Wait until everything that was handed over before was tried; tell whether it was in time."""
        if self._writer is None:
            return True
        done = threading.Event()
        self._waiting.put(done)
        return done.wait(deadline_s)

    def _start(self) -> None:
        """Begin to write: with the first line, so that a program that has none has no thread either."""
        with self._guard:
            if self._writer is not None:
                return
            writer = threading.Thread(target=self._write_for_ever, name="lines", daemon=True)
            try:
                writer.start()
            except RuntimeError:  # no thread is to be had now; the next line tries again
                return
            self._writer = writer

    def _write_for_ever(self) -> None:
        while True:
            if self._write_some():
                time.sleep(GATHER_S)

    def _write_some(self) -> bool:
        """Write what waits, and tell whether that was all.

        As many lines are written at once as a pipe takes in one piece, so that nobody's come in between.
        """
        lines, bytes_together = [], 0
        done: threading.Event | None = None
        was_all = False
        thing = self._waiting.get()
        while True:
            if isinstance(thing, threading.Event):
                done = thing
                break
            lines.append(thing)
            bytes_together += len(thing)
            if bytes_together >= select.PIPE_BUF // 2:
                break
            try:
                thing = self._waiting.get_nowait()
            except queue.Empty:
                was_all = True
                break
        self._write_lines(lines)
        if done is not None:
            done.set()
        return was_all

    def _write_lines(self, lines: list[bytes]) -> None:
        with self._guard:
            lost, self._lost = self._lost, 0
        if lost:
            lines = [_lost_line(lost), *lines]
        try:
            self._write_whole(b"".join(lines))
        except OSError:
            self.lose(len(lines) + (lost - 1 if lost else 0))

    def _write_whole(self, text: bytes) -> None:
        """Write all of it; after what broke off in the middle, on a line of its own."""
        rest = memoryview(b"\n" + text if self._is_within_line and text else text)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:  # somebody who shares the file has it so
                select.select([], [self._descriptor], [])
                continue
            self._is_within_line = rest[written - 1] != ord("\n")
            rest = rest[written:]


def _lost_line(count: int) -> bytes:
    told = {"at": datetime.now(UTC).isoformat(), "level": "error", "event": "log lines lost", "count": count}
    return msgspec.json.encode(told) + b"\n"


stdout_lines = Lines(_STDOUT)
"""The lines of this process."""
atexit.register(stdout_lines.flush, END_DEADLINE_S)
