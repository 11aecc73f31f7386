"""A part under conditions sees a world of its own, and nothing of it is left on the machine."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trivet_platform import (
    BoundedDisk,
    Conditions,
    NoBoundedDisk,
    Postgres,
    StartFailed,
    Supervisor,
    Valkey,
    bounded_disk_blocker,
    find_libfaketime,
)
from trivet_platform.proctree import Known, is_alive

SMALL = 256 << 20
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  - where the C library keeps it
needs_faketime = pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed")
needs_disk = pytest.mark.skipif(bounded_disk_blocker() is not None, reason="no small filesystem can be mounted here")


def now(part: Postgres) -> float:
    with psycopg.connect(part.url()) as connection:
        row = connection.execute("SELECT extract(epoch FROM now())").fetchone()
    assert row is not None
    return float(row[0])


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text()


@pytest.fixture(scope="module")
def small(supervisor: Supervisor) -> Postgres:
    part = Postgres("small-postgres")
    part.conditions = Conditions(disk_bytes=SMALL)
    supervisor.start(part)
    return part


@needs_faketime
def test_a_clock_of_its_own_jumps_while_the_process_runs_and_nobody_else_sees_it(supervisor: Supervisor) -> None:
    jumping, other = Postgres("jumping"), Valkey("other")
    jumping.conditions = Conditions(own_clock=True)
    supervisor.start(jumping, other)
    assert jumping.clock is not None
    assert other.clock is None
    assert abs(now(jumping) - time.time()) < 100
    jumping.clock.jump(3600)
    assert 3500 < now(jumping) - time.time() < 3700
    jumping.clock.jump(0)
    assert abs(now(jumping) - time.time()) < 100
    jumping.clock.jump(-3600)
    jumping.kill()
    supervisor.start(jumping)
    assert abs(now(jumping) - time.time()) < 100, "a fresh process has the machine's time"
    jumping.kill()


@needs_faketime
def test_a_killed_process_leaves_no_clock_in_shared_memory(supervisor: Supervisor) -> None:
    part = Valkey("mortal-valkey")
    part.conditions = Conditions(own_clock=True)
    supervisor.start(part)
    [pid] = part.pids
    assert list(SHARED_MEMORY.glob(f"*faketime*{pid}"))
    part.kill()
    assert not list(SHARED_MEMORY.glob(f"*faketime*{pid}"))


def test_without_libfaketime_a_part_with_a_clock_says_what_is_missing(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_platform.clock.find_libfaketime", lambda: None)
    part = Valkey("clockless")
    part.conditions = Conditions(own_clock=True)
    with pytest.raises(StartFailed, match="libfaketime is not installed: on Debian apt-get install libfaketime"):
        supervisor.start(part)


def test_who_cannot_mount_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A directory that is not there stands for everything that a machine may refuse."""

    @contextlib.contextmanager
    def nowhere() -> Iterator[str]:
        yield str(tmp_path / "nowhere")

    monkeypatch.setattr("tempfile.TemporaryDirectory", nowhere)
    bounded_disk_blocker.cache_clear()
    try:
        assert re.match(r"no small filesystem can be mounted here \(.+\): run as root", bounded_disk_blocker() or "")
    finally:
        bounded_disk_blocker.cache_clear()


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let this process write no large file, so that a test of what is not filled cannot fill the machine's disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_a_disk_whose_keeper_is_another_process_by_now_is_not_filled(tmp_path: Path) -> None:
    """This process stands for the one that got the keeper's pid: it sees the machine's disk where the small one was."""
    disk = BoundedDisk(tmp_path, os.getpid())
    for use in (disk.fill, disk.free_bytes):
        with pytest.raises(NoBoundedDisk, match="nothing is mounted there"):
            use()
    assert list(tmp_path.iterdir()) == []


def test_a_start_after_one_whose_disk_was_never_mounted_says_the_same(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(disk: BoundedDisk) -> None:
        raise NoBoundedDisk(f"{disk.directory}: its keeper mounted nothing")

    monkeypatch.setattr(BoundedDisk, "await_mount", never)
    part = Postgres("diskless-postgres")
    part.conditions = Conditions(disk_bytes=SMALL)
    for _ in ("the first", "another, which finds what the first has left"):
        with pytest.raises(StartFailed, match="its keeper mounted nothing"):
            supervisor.start(part)


@needs_disk
def test_a_full_disk_refuses_writes_keeps_what_was_written_and_is_nowhere_else(
    supervisor: Supervisor, small: Postgres
) -> None:
    assert small.disk is not None
    with psycopg.connect(small.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE sold AS SELECT 'front-row' AS seat")
        small.disk.fill()
        assert small.disk.free_bytes() == 0
        with pytest.raises(psycopg.errors.DiskFull):
            connection.execute("CREATE TABLE more AS SELECT repeat('x', 1000) FROM generate_series(1, 100)")
    small.disk.clear()
    small.kill()
    supervisor.start(small)
    with psycopg.connect(small.url(), autocommit=True) as connection:
        assert connection.execute("SELECT seat FROM sold").fetchall() == [("front-row",)]
        connection.execute("CREATE TABLE more AS SELECT repeat('x', 1000) FROM generate_series(1, 100)")
    assert str(small.disk.directory) not in mounts()


@needs_disk
def test_a_small_disk_is_another_cluster_than_the_machines(supervisor: Supervisor, small: Postgres) -> None:
    small.create_database("there")
    small.stop()
    small.conditions = Conditions()
    supervisor.start(small)
    assert small.disk is None
    small.create_database("there")
    small.stop()


@needs_disk
def test_kill_9_of_the_lab_takes_its_small_disk_away(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab("small")
    lab.hear('{"pids"')
    [part] = lab.file()["parts"]
    known = [Known(*pair) for pair in zip(part["pids"], part["started"], strict=True)]
    living = [each for each in known if is_alive(each)]
    assert len(living) == 2, "the server, and who holds its disk"
    directories = [Path(text) for text in lab.file()["scratch"]]
    lab.kill()
    until(lambda: not any(is_alive(each) for each in living), "the guard ends both")
    until(lambda: not any(path.exists() for path in directories), "the guard removes what was mounted on")
    assert "small" not in mounts()
