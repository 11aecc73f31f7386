"""Apache Kafka's jars: which they are, and how they come from a Maven repository to this machine.

``kafka_jars.lock`` names each with its SHA-256. A jar is what the lock says or it is not used, wherever it came from,
and that is looked at before each first start: it costs a tenth of a second, and a jar that was damaged on a disk fails
in ways that nobody understands.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import re
import tempfile
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from trivet_platform.errors import PlatformError

LOCK = Path(__file__).with_suffix(".lock")
_AT_ONCE = 6
_PATIENCE_S = 30


class NoJars(PlatformError):
    """Kafka's jars are not on this machine and could not be fetched; the sentence says which and why."""


class Jar(NamedTuple):
    """One jar: its path in every Maven repository, and what it must hash to."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """What its file is called."""
        return self.path.rpartition("/")[2]


def locked(lock: Path = LOCK) -> list[Jar]:
    """Return every jar of the lock."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return [Jar(path, sha256) for path, sha256 in lines]


def kafka_version() -> str:
    """Return the version of Kafka that the lock names."""
    found = re.search(r"/kafka_[\d.]+/([\d.]+)/", LOCK.read_text())
    return found[1] if found else "unknown"


def find_jars(folder: Path, jars: Sequence[Jar]) -> list[Path]:
    """Return the files of these jars if each is there and whole, else nothing."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        whole = list(pool.map(lambda jar: _is_whole(folder / jar.name, jar), jars))
    return [folder / jar.name for jar in jars] if all(whole) else []


def fetch_jars(folder: Path, jars: Sequence[Jar], base_url: str | None) -> int:
    """Bring what is missing or damaged from a Maven repository and return how many bytes came.

    Race: two processes may fetch one jar at once, for the lock that keeps them apart is one of this machine, and a home
    may be on several. Each writes a file of its own and puts it in place whole.

    Raises:
        NoJars: one did not come, or is another one than the lock says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [jar for jar in jars if not _is_whole(folder / jar.name, jar)]
    if not wanted:
        return 0
    # Imported late: it takes half a second, and is needed once a machine.
    source = base_url or str(importlib.import_module("jgo.constants").MAVEN_CENTRAL_URL)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(lambda jar: _fetch(folder, jar, source.rstrip("/")), wanted))


def _is_whole(file: Path, jar: Jar) -> bool:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _fetch(folder: Path, jar: Jar, source: str) -> int:
    url = f"{source}/{jar.path}"
    was = "damaged" if (folder / jar.name).exists() else "not there"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:  # noqa: S310  - the setting's scheme, or https
            content: bytes = answer.read()
    except OSError as error:
        raise NoJars(f"{jar.name} is {was} in {folder}, and {source} does not give it: {error}") from error
    if (got := hashlib.sha256(content).hexdigest()) != jar.sha256:
        raise NoJars(f"{jar.name} from {source} hashes to {got[:12]}…, not to {jar.sha256[:12]}… as the lock says")
    handle, fresh = tempfile.mkstemp(dir=folder, prefix=f".{jar.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(fresh).replace(folder / jar.name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(fresh).unlink()
    return len(content)
