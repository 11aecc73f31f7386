"""What is made for Kafka once a machine and kept outside every checkout: jars, a formatted directory, an AOT cache.

The *template* is an empty node's data directory, so that no broker waits for Kafka's own tool to make one. The *AOT
cache* is what a Java machine learnt of Kafka's classes in a first run: with it a broker starts in half the time, and
without it all the same. Java compares where and how old the jars were that it learnt from, so it is trained here and
never shipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from trivet_platform.binaries import java
from trivet_platform.kafka_command import FLAGS
from trivet_platform.kafka_jars import LOCK, Jar, find_jars, locked
from trivet_platform.settings import cache_folder

HALFWAY = ".new-"
"""How the names of directories begin in which something is being made."""
_UNUSED_S_MAX = 30 * 24 * 3600
_HALFWAY_S_MAX = 24 * 3600


class Kept(NamedTuple):
    """What a broker is started from; without ``aot`` it starts slower. ``is_all``: there is nothing more to be made."""

    jars: list[Path]
    template: Path
    aot: Path | None
    is_all: bool


class Shelf:
    """One machine's kept things; ``jars`` are those that a broker runs with."""

    def __init__(self, folder: Path | None = None, jars: Sequence[Jar] | None = None) -> None:
        """Look at the user's cache, unless another folder is named."""
        self.folder = folder or cache_folder() / "kafka"
        self.locked = list(locked() if jars is None else jars)
        self.jars = self.folder / "jars"

    @property
    def template(self) -> Path:
        """Where the formatted directory is: another Kafka may format another one."""
        return self.folder / f"template-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:24]}"

    def aot(self, jars: Sequence[Path]) -> Path:
        """Return where the cache of these jars is, for this Java and these flags.

        It goes by everything that Java compares; what it would not take is not looked at, and another one trained.
        """
        home = java().parent.parent
        total = hashlib.sha256(f"{FLAGS} {(home / 'release').read_text()}".encode())
        for path in (*jars, home / "lib" / "modules"):
            seen = path.stat()
            total.update(f"{path if path in jars else path.name} {seen.st_size} {seen.st_mtime_ns}\n".encode())
        return self.folder / f"aot-{total.hexdigest()[:24]}" / "kafka.aot"

    def find(self) -> Kept | None:
        """Return what is kept, None if a broker cannot be started from it; every jar is compared with the lock."""
        jars = find_jars(self.jars, self.locked)
        if not jars or not self.template.exists():
            return None
        aot = self.aot(jars)
        with suppress(OSError):  # it is not there, or another user's: then its age is not ours to say
            os.utime(aot.parent)
        return Kept(jars, self.template, aot if aot.exists() else None, is_all=aot.parent.exists())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time make things.

        Race: two checkouts are set up at once, or a test and a lab start their first brokers. Both would fetch 45 MB
        and train for some seconds with both cores; whoever comes second waits, and finds everything made. Should the
        lock be lost, as on some file systems of a network, both make it and put it in place whole: only time is lost.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def make(self, target: Path, work: Callable[[Path], None]) -> None:
        """Let ``work`` fill a new directory that becomes ``target``, whole or not at all."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=HALFWAY) as place:
            fresh = Path(place) / "made"
            fresh.mkdir()
            work(fresh)
            try:
                fresh.rename(target)
            except OSError:  # another machine with the same home was faster
                if not target.exists():
                    raise

    def go_without(self, aot: Path) -> None:
        """Note that this cache cannot be trained, so that no broker waits for it; whoever sets up again tries again."""
        aot.parent.mkdir(exist_ok=True)

    def forget_old(self) -> None:
        """Remove caches that nobody used for a month, as each new Java has its own, and what was left halfway."""
        for pattern, age_s_max in (("aot-*", _UNUSED_S_MAX), (f"{HALFWAY}*", _HALFWAY_S_MAX)):
            for folder in self.folder.glob(pattern):
                with suppress(OSError):
                    if time.time() - folder.stat().st_mtime > age_s_max:
                        shutil.rmtree(folder, ignore_errors=True)
