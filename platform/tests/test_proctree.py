"""Which processes are found, and which are never touched."""

from __future__ import annotations

import signal
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from trivet_platform import proctree
from trivet_platform.proctree import MARKER, Known, end, is_alive, know, send, thaw, tree


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    popen = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    yield popen
    popen.kill()
    popen.wait()


def known(popen: subprocess.Popen[bytes]) -> Known:
    found = know(popen.pid)
    assert found is not None
    return found


def test_a_pid_that_was_given_away_again_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = Known(sleeper.pid, known(sleeper).started - 1)
    assert not is_alive(earlier)
    assert tree([earlier]) == set()
    assert not send(earlier, signal.SIGKILL)
    assert end([earlier]) == set()
    assert sleeper.poll() is None


def test_a_stopped_process_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    process = known(sleeper)
    assert send(process, signal.SIGSTOP)
    assert end([process]) == {process}
    assert sleeper.wait() == -signal.SIGKILL
    assert not is_alive(process)
    assert not send(process, signal.SIGTERM)
    thaw([process])


def test_only_the_platform_of_this_marker_is_found() -> None:
    markers = [uuid.uuid4().hex, uuid.uuid4().hex]
    popens = [subprocess.Popen(["sleep", "1000"], env={MARKER: marker, "PATH": "/usr/bin:/bin"}) for marker in markers]
    ours, theirs = (known(popen) for popen in popens)
    assert end([], markers[0]) == {ours}
    assert is_alive(theirs)
    assert end([], markers[1]) == {theirs}
    for popen in popens:
        popen.wait()


def test_the_caller_never_ends_itself() -> None:
    own = know(proctree.os.getpid())
    assert own is not None
    assert own not in tree([own])
