"""Which processes are whose, and how to end them all: by Linux's /proc and the standard library, as the guard needs.

A pid is only a number that the kernel gives away again. A process is therefore *known* by its pid and its start
time, and every signal is sent through a pidfd that was opened before the start time was compared.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MARKER = "TRIVET_PLATFORM"
_PROC = Path("/proc")
_DEAD = "ZX"
_POLL_S = 0.01
_FREEZE_PATIENCE_S = 1


class Known(NamedTuple):
    """One process for certain: its pid, and when it started in clock ticks since the machine booted."""

    pid: int
    started: int


class Row(NamedTuple):
    """What the process table says of one pid."""

    state: str
    parent: int
    group: int
    started: int


def row(pid: int) -> Row | None:
    """Return the process table's row of a pid, or None when there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may hold anything, parentheses included.
    fields = text[text.rindex(")") + 2 :].split()
    return Row(state=fields[0], parent=int(fields[1]), group=int(fields[2]), started=int(fields[19]))


def know(pid: int) -> Known | None:
    """Return the process that has this pid now, or None."""
    found = row(pid)
    return Known(pid, found.started) if found else None


def is_alive(known: Known) -> bool:
    """Whether exactly this process still runs; one that only waits to be reaped does not."""
    found = row(known.pid)
    return found is not None and found.started == known.started and found.state not in _DEAD


def boot_id() -> str:
    """Return what names this boot of the machine: pids and start times mean nothing beyond it."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _living() -> dict[int, Row]:
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return {pid: found for pid in pids if (found := row(pid)) is not None and found.state not in _DEAD}


def _marked(pids: Iterable[int], marker: str) -> set[int]:
    wanted = f"{MARKER}={marker}".encode()
    found = set()
    for pid in pids:
        with suppress(OSError):  # another user's process, or one that has just ended
            if wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def tree(leaders: Iterable[Known], marker: str | None = None) -> set[Known]:
    """Return everything alive that belongs to these leaders.

    That is the leaders themselves, the members of the process groups they lead, every process whose environment
    carries the marker, and all descendants of those. PostgreSQL's backends call ``setsid`` and write over their
    environment: only the walk along parents finds them, and only while their parent lives.
    """
    table = _living()
    found = {known.pid for known in leaders if known.pid in table and table[known.pid].started == known.started}
    found |= {pid for pid, line in table.items() if line.group in found}
    if marker is not None:
        found |= _marked(table.keys() - {os.getpid()}, marker)
    children: dict[int, list[int]] = {}
    for pid, line in table.items():
        children.setdefault(line.parent, []).append(pid)
    unseen = list(found)
    while unseen:
        below = [pid for pid in children.get(unseen.pop(), []) if pid not in found]
        found.update(below)
        unseen.extend(below)
    return {Known(pid, table[pid].started) for pid in found - {os.getpid()}}


def send(known: Known, number: signal.Signals) -> bool:
    """Send a signal to exactly this process; False when it is no more."""
    try:
        handle = os.pidfd_open(known.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(known):
            return False
        signal.pidfd_send_signal(handle, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


def _runs(known: Known) -> bool:
    found = row(known.pid)
    return found is not None and found.started == known.started and found.state not in _DEAD + "tT"


def freeze(leaders: Iterable[Known], marker: str | None = None) -> set[Known]:
    """Stop (SIGSTOP) everything of these leaders and return it.

    The kernel stops a process's threads one by one, so the end of that is waited for, a second at most.
    Race: a process may fork between the walk and the signal, and a child whose parent is dead cannot be found by
    its parent any more. So all are stopped first, and the walk is repeated until it finds nobody new.
    """
    stopped: set[Known] = set()
    kept = list(leaders)
    while new := tree(kept, marker) - stopped:
        for known in new:
            send(known, signal.SIGSTOP)
        stopped |= new
    deadline = time.monotonic() + _FREEZE_PATIENCE_S
    while any(_runs(known) for known in stopped) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return stopped


def thaw(leaders: Iterable[Known]) -> None:
    """Let everything of these leaders go on (SIGCONT)."""
    for known in tree(leaders):
        send(known, signal.SIGCONT)


def end(leaders: Iterable[Known], marker: str | None = None, patience_s: float = 5) -> set[Known]:
    """Kill everything of these leaders, stopped or not, and wait until it is gone; return what was killed."""
    kept = list(leaders)
    killed = freeze(kept, marker)
    for known in killed:
        send(known, signal.SIGKILL)
    deadline = time.monotonic() + patience_s
    while any(is_alive(known) for known in killed) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    release_shared_memory({known.pid for known in [*kept, *killed]})
    return killed


def release_shared_memory(pids: set[int]) -> None:
    """Remove the shared memory that these pids made and nobody uses.

    A killed PostgreSQL leaves a System V segment behind each time, and the kernel keeps it until the machine's limit is
    reached; a process with a clock of its own (libfaketime) leaves two files in /dev/shm.
    """
    for pid in pids:
        found = row(pid)
        if found is None or found.state in _DEAD:
            for name in ("faketime_shm_", "sem.faketime_sem_"):
                Path(f"/dev/shm/{name}{pid}").unlink(missing_ok=True)  # noqa: S108  - libfaketime chose the names
    try:
        lines = (_PROC / "sysvipc/shm").read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        _key, segment, _mode, _size, creator, _last, attached, *_rest = (int(word) for word in line.split())
        if creator in pids and attached == 0:
            ctypes.CDLL(None).shmctl(segment, 0, None)  # 0 is IPC_RMID
