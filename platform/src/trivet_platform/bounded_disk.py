"""A small filesystem of a part's own, in memory, that can be filled: no space is left on it, and nowhere else.

It is a tmpfs in a *mount namespace* of its own: a process, the keeper, makes both and holds them, and whoever is to see
the filesystem enters. Nothing is mounted for the rest of the machine, so nothing can be left mounted: the kernel takes
the filesystem away with the last process in it, and the guard ends the keeper like every other process. Who is not
root gets there by a user namespace, where the machine allows that.

The keeper and who enters run on the standard library alone (``standalone.py``).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from trivet_platform.errors import PlatformError
from trivet_platform.standalone import standalone

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_BALLAST = "ballast"
_CHUNK = bytes(1 << 20)
_PATIENCE_S = 10
_POLL_S = 0.01


class NoBoundedDisk(PlatformError):
    """There is no small filesystem here: nobody may make one, or it is gone; one sentence for people."""


@cache
def bounded_disk_blocker() -> str | None:
    """Return why this machine gives nobody a small filesystem, None if it does; found out by making one."""
    with tempfile.TemporaryDirectory() as directory:
        words = standalone("bounded_disk", "attempt", directory)
        tried = subprocess.run(words, capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return None
    reason = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"no small filesystem can be mounted here ({reason}): run as root with CAP_SYS_ADMIN, or allow user namespaces"
    )


class BoundedDisk:
    """The filesystem at ``directory`` for whoever entered it; from outside it is found through its keeper."""

    def __init__(self, directory: Path, keeper: int) -> None:
        """Stand for the filesystem that process ``keeper`` makes and holds."""
        self.directory = directory
        self._keeper = keeper

    @staticmethod
    def keep(directory: Path, size_bytes: int, uid: int, gid: int) -> list[str]:
        """Return the command of a keeper: a filesystem of so many bytes at a directory, owned by a user."""
        return standalone("bounded_disk", "hold", str(directory), str(size_bytes), str(uid), str(gid))

    def entering(self, argv: Sequence[str | Path], uid: int, gid: int, directory: Path) -> list[str]:
        """Return the command that runs another one where the filesystem is seen, as a user, in a directory."""
        words = [str(self._keeper), str(uid), str(gid), str(directory), *(str(word) for word in argv)]
        return standalone("bounded_disk", "enter", *words)

    @property
    def outside(self) -> Path:
        """Where this process finds it."""
        return Path(f"/proc/{self._keeper}/root{self.directory}")

    def await_mount(self) -> None:
        """Return once the keeper has made it.

        Raises:
            NoBoundedDisk: that did not happen within ten seconds.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not os.path.ismount(self.outside):
            if time.monotonic() > deadline:
                raise NoBoundedDisk(f"{self.directory}: {bounded_disk_blocker() or 'its keeper mounted nothing'}")
            time.sleep(_POLL_S)

    def free_bytes(self) -> int:
        """Return how much can still be written.

        Raises:
            NoBoundedDisk: it is gone.
        """
        found = os.statvfs(self._mounted())
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Leave no byte free.

        Raises:
            NoBoundedDisk: it is gone.
        """
        with (self._mounted() / _BALLAST).open("ab", buffering=0) as ballast:
            for chunk in (_CHUNK, _CHUNK[:4096]):
                try:
                    while True:
                        ballast.write(chunk)
                except OSError:
                    continue

    def clear(self) -> None:
        """Free what ``fill`` took."""
        (self.outside / _BALLAST).unlink(missing_ok=True)

    def _mounted(self) -> Path:
        """Return where it is found, if it is there.

        Its keeper may be dead and its pid another process's: then the path leads to the directory that it was mounted
        on, which lies on the machine's disk, and that is what would be filled.
        """
        if not os.path.ismount(self.outside):
            raise NoBoundedDisk(f"{self.directory}: nothing is mounted there, its keeper has ended")
        return self.outside


def hold(directory: str, size_bytes: str, uid: str, gid: str) -> None:
    """Be the keeper: make the filesystem, and hold it until the end."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _make(directory, f"size={size_bytes},mode=0700,uid={uid},gid={gid}")
    while True:
        signal.pause()


def attempt(directory: str) -> None:
    """Make a small one and end, and it with this process."""
    try:
        _make(directory, "size=64k")
    except OSError as error:
        sys.exit(str(error))


def enter(keeper: str, uid: str, gid: str, directory: str, *argv: str) -> None:
    """Become another program where the filesystem of this keeper is seen, as this user."""
    spaces = ("mnt",) if os.geteuid() == 0 else ("user", "mnt")
    for name in spaces:
        handle = os.open(f"/proc/{keeper}/ns/{name}", os.O_RDONLY)
        _call("setns", handle, 0)
        os.close(handle)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    os.chdir(directory)  # entering a mount namespace leads to its root
    os.execv(argv[0], argv)  # noqa: S606  - becoming another program, with its pid, is what it is for


def _make(directory: str, options: str) -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWNS | (_CLONE_NEWUSER if uid else 0))
    if uid:
        # Everybody stays who they are; a map of groups may be written only after giving up setgroups.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    _call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, options.encode())


def _call(name: str, *arguments: int | bytes | None) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
