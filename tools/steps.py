"""What the set-up is made of: steps that are skipped when nothing changed, and a line for each that was done.

The standard library alone, as all of the set-up; where a step's stamp lies and what a job's environment is stands here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / ".stamps"


def say(text: str) -> None:
    """Write one line of progress to stderr, so that stdout stays the job's own."""
    print(text, file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """Say what is missing and how to get it, then stop with the lab's own exit code."""
    say(f"✗ {text}")
    sys.exit(254)


def size_of(folder: Path) -> str:
    """Return the size of a tree in whole MB, each inode counted once."""
    seen: dict[int, int] = {}
    for here, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                entry = (Path(here) / name).lstat()
                seen[entry.st_ino] = entry.st_size
    return f"{sum(seen.values()) / 1e6:.0f} MB"


def digest(paths: Iterable[Path], *facts: object) -> str:
    """Return a fingerprint of these files, of these facts, of this interpreter and of where the checkout lies."""
    total = hashlib.sha256(f"{sys.version_info[:3]} {ROOT}".encode())
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for fact in facts:
        total.update(f"{fact}\0".encode())
    return total.hexdigest()


def step(name: str, made_from: str, work: Callable[[], str], makes: Iterable[Path] = ()) -> None:
    """Do a step unless its stamp says that it was done from the same things, and what it makes is there."""
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == made_from and all(made.exists() for made in makes):
        return
    began = time.monotonic()
    what = work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)
    say(f"  {name:<10} {what}, {time.monotonic() - began:.1f} s")


def call(*argv: str | Path, cwd: Path = ROOT) -> str:
    """Run a step's command and return what it printed, which is shown only if it failed."""
    done = subprocess.run([str(word) for word in argv], cwd=cwd, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        say(done.stdout + done.stderr)
        fail(f"{' '.join(str(word) for word in argv[:4])} … ended with {done.returncode}")
    return done.stdout


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one set-up at a time work on this checkout: two `make` at once must not tear one environment."""
    (ROOT / ".trivet").mkdir(exist_ok=True)
    with (ROOT / ".trivet" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment() -> dict[str, str]:
    """Return the environment of a job: the virtual environment first on PATH."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {"PATH": path, "VIRTUAL_ENV": str(VENV)}


def foreign_path() -> str:
    """Return this machine's own PATH, without the virtual environment, in which a job may have called us."""
    return os.pathsep.join(word for word in os.get_exec_path() if Path(word).resolve() != BIN.resolve())


def home_cache() -> Path | None:
    """Return where this person's caches go, None where nothing can be kept: no home, or one that is not writable."""
    named = os.environ.get("XDG_CACHE_HOME")
    home = os.environ.get("HOME")
    if not home or not os.access(home, os.W_OK | os.X_OK):
        return None
    return Path(named) if named and Path(named).is_absolute() else Path(home) / ".cache"


def user_cache() -> Path:
    """Return where is kept what every checkout of this person can use; the platform's settings.py finds the same."""
    return (home_cache() or VENV / ".cache") / "trivet"
