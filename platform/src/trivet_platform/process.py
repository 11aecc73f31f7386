"""One spawned process with everything below it, and the log it writes."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from trivet_platform.proctree import Known, end, freeze, know, send, thaw, tree
from trivet_platform.starter import Child

TAIL_LINES = 20
_TAIL_BYTES = 64 * 1024


def end_child(child: Child) -> None:
    """Kill a child with everything below it, and reap it."""
    if child.poll() is None and (known := know(child.pid)) is not None:
        end([known])
    child.wait()


class Process:
    """A process in a session of its own; its output goes to the end of its log."""

    def __init__(self, child: Child, log: Path, log_start: int) -> None:
        """Take charge of a process that writes to ``log`` from this byte on."""
        self.log = log
        self._log_start = log_start
        self._child = child
        # Nobody has reaped an executed one yet, so its row is there even if it has ended.
        self.known = know(child.pid) or Known(child.pid, -1)

    @property
    def pid(self) -> int:
        """The pid of the leader."""
        return self.known.pid

    @property
    def pids(self) -> list[int]:
        """Everything of it that is alive, the leader first."""
        found = {known.pid for known in tree([self.known])}
        return sorted(found, key=lambda pid: (pid != self.pid, pid))

    def exit_status(self) -> str | None:
        """Return how it ended, in words, or None while it runs."""
        code = self._child.poll()
        if code is None:
            return None
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"

    def succeeded(self) -> bool:
        """Whether it has ended with status 0."""
        return self._child.poll() == 0

    def written(self) -> str:
        """Return what it has written since it was spawned, its last 64 KiB at most."""
        with self.log.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(self._log_start, size - _TAIL_BYTES))
            return log.read().decode(errors="replace")

    def tail(self) -> list[str]:
        """Return the last lines that it wrote, at most 20."""
        return self.written().splitlines()[-TAIL_LINES:]

    def stop(self, number: signal.Signals, patience_s: float) -> None:
        """Ask the leader to end, waking it if it is paused; after ``patience_s`` kill what is left of it."""
        everything = tree([self.known])
        if not everything:
            return
        if self._child.poll() is None:
            thaw([self.known])
            send(self.known, number)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(patience_s)
        end(everything)
        self._child.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send the leader a signal, if it has not ended."""
        if self._child.poll() is None:
            send(self.known, number)

    def kill(self) -> None:
        """Kill everything of it and reap the leader."""
        end([self.known])
        self._child.wait()

    def pause(self) -> None:
        """Stop everything of it (SIGSTOP); returns when none of it can run any more."""
        freeze([self.known])

    def resume(self) -> None:
        """Let everything of it go on (SIGCONT)."""
        thaw([self.known])
