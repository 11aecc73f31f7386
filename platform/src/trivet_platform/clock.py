"""A wall clock of a process's own, by libfaketime: it can be set while the process runs.

libfaketime stands between the process and the C library (LD_PRELOAD) and adds what a file says to every reading of
the wall clock. The monotonic clock stays the machine's, as it does on a server whose wall clock is set. A program
without a C library (Go) never asks it, and keeps the machine's time.
"""

from __future__ import annotations

from pathlib import Path

from trivet_platform.errors import PlatformError

_LIBRARIES = ("/usr/lib", "/usr/local/lib", "/usr/lib64")
_NAME = "faketime/libfaketime.so.1"
_FILE = "clock"


class NoOwnClock(PlatformError):
    """This machine has no libfaketime, or the part was started with the machine's clock; one sentence for people."""


def find_libfaketime() -> Path | None:
    """Return libfaketime's path, or None where it is not installed."""
    for root in map(Path, _LIBRARIES):
        for found in (root / _NAME, *sorted(root.glob(f"*/{_NAME}"))):
            if found.is_file():
                return found
    return None


class OwnClock:
    """The wall clock of one part, set by a file in ``directory``, which the part's user must be able to read."""

    def __init__(self, directory: Path) -> None:
        """Show the machine's time until it jumps.

        Raises:
            NoOwnClock: libfaketime is not installed.
        """
        library = find_libfaketime()
        if library is None:
            raise NoOwnClock("libfaketime is not installed: on Debian apt-get install libfaketime")
        self._library = library
        self._file = directory / _FILE
        self.jump(0)

    def environment(self) -> dict[str, str]:
        """Return what a process must be started with to see this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Without it a process notices a jump ten seconds late.
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Left to itself it takes a deadline of the monotonic clock (pthread_cond_timedwait) for one that has long
            # passed: threads that wait for Python's GIL spin, and a service of eight threads does nothing else.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def jump(self, offset_s: int) -> None:
        """Show the machine's time plus so many seconds from now on; 0 is the machine's own."""
        # A reader must never meet half a file.
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset_s:+d}\n")
        new.chmod(0o644)
        new.replace(self._file)
