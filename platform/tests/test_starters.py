"""Whoever starts a process, it is the same: executed from its file, or forked from one that has imported it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installing import install_told

from trivet_platform import (
    Child,
    Conditions,
    ForkRefused,
    ForkServer,
    Program,
    Starter,
    StartFailed,
    Supervisor,
    base_environment,
    execute,
    find_libfaketime,
    fork_server,
)
from trivet_platform.proctree import is_alive, know, row

PATIENCE_S = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a package with the console script ``told`` is installed, as a PYTHONPATH finds it."""
    return install_told(tmp_path_factory.mktemp("told") / "site").parent


@pytest.fixture
def server(supervisor: Supervisor, installed: Path) -> Iterator[ForkServer]:
    part = ForkServer("told-forks", "told", ["json"], {"PYTHONPATH": str(installed), "LANG": "C.UTF-8"})
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture(params=["executed", "forked"])
def starter(request: pytest.FixtureRequest) -> Starter:
    return execute if request.param == "executed" else request.getfixturevalue("server")


class Told:
    """Starts ``told`` and reads what it wrote."""

    def __init__(self, installed: Path, directory: Path) -> None:
        self.command = str(installed / "told")
        self.environment = base_environment() | {"PYTHONPATH": str(installed), "LANG": "C.UTF-8"}
        self.own = {name: self.environment[name] for name in ("PYTHONPATH", "LANG")}
        self.directory = directory

    def start(self, starter: Starter, *words: str, command: str = "", **variables: str) -> Child:
        with self.file("output").open("wb") as output, self.file("errors").open("wb") as errors:
            argv = [command or self.command, *words]
            return starter(argv, self.environment | variables, self.directory, output, errors)

    def file(self, name: str) -> Path:
        return self.directory / name

    def heard(self) -> dict[str, Any]:
        found = json.loads(self.file("output").read_text())
        assert isinstance(found, dict)
        return found

    def is_waiting(self, child: Child) -> bool:
        return f"waiting {child.pid}\n" in self.file("output").read_text()


@pytest.fixture
def told(installed: Path, tmp_path: Path) -> Told:
    return Told(installed, tmp_path)


def test_it_is_given_its_words_variables_directory_and_session_and_nothing_else(told: Told, starter: Starter) -> None:
    child = told.start(starter, "tell", "3", A="ä b\n")
    assert child.wait(PATIENCE_S) == 3
    assert child.poll() == 3
    found = told.heard()
    assert found.pop("forked") == (starter is not execute)
    assert found.pop("variables") == told.environment | {"A": "ä b\n"}
    assert found == {
        "words": ["tell", "3"],
        "directory": str(told.directory),
        "leads": [True, True],
        "input": "",
        "open": [],
        "ignored": [],
    }
    assert told.file("errors").read_text() == "told\n"


def test_a_signal_ends_one_and_no_other(told: Told, starter: Starter, until: Callable[..., object]) -> None:
    one = told.start(starter, "wait")
    until(lambda: told.is_waiting(one), "the first waits")
    other = told.start(starter, "wait")
    until(lambda: told.is_waiting(other), "the second waits")
    assert (one.poll(), other.poll()) == (None, None)
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0)
    known = know(one.pid)
    assert known is not None
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait(PATIENCE_S) == -signal.SIGTERM
    assert not is_alive(known)
    assert other.poll() is None
    os.kill(other.pid, signal.SIGKILL)
    assert other.wait(PATIENCE_S) == -signal.SIGKILL


def test_an_error_that_nobody_caught_is_told_and_its_status_is_1(told: Told, starter: Starter) -> None:
    assert told.start(starter, "tell", "no number").wait(PATIENCE_S) == 1
    assert "ValueError: invalid literal" in told.file("errors").read_text()


def test_a_hundred_at_once_each_have_their_own_status(told: Told, server: ForkServer) -> None:
    children = [told.start(server, "tell", str(number)) for number in range(100)]
    assert [child.wait(PATIENCE_S) for child in children] == list(range(100))


def test_a_program_is_paused_killed_stopped_and_started_again(
    told: Told, server: ForkServer, supervisor: Supervisor, until: Callable[..., object]
) -> None:
    part = Program("told", [told.command, "wait"], told.own, starter=server)
    log = supervisor.directory / "log" / "told.log"
    supervisor.start(part)
    [pid] = part.pids
    until(lambda: f"waiting {pid}\n" in log.read_text(), "it waits")
    found = row(pid)
    assert found is not None
    assert found.parent == server.pids[0], "it was forked"
    part.pause()
    assert row(pid) is not None
    assert {each.state for each in [row(pid)] if each} == {"T"}
    part.resume()
    part.kill()
    assert part.pids == []
    supervisor.start(part)
    assert part.pids != [pid]
    part.stop()
    assert part.pids == []
    assert len(server.pids) == 1, "who forked it lives on, and has no dead child to bury"


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LD_LIBRARY_PATH"])
def test_what_is_read_before_the_first_line_needs_a_start_of_its_own(told: Told, server: ForkServer, name: str) -> None:
    assert told.start(server, "tell", "0", **{name: "7"}).wait(PATIENCE_S) == 0
    assert told.heard()["forked"] is False
    assert told.heard()["variables"][name] == "7"


@pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed, so no process has its own clock")
def test_a_program_with_a_clock_of_its_own_is_executed(told: Told, server: ForkServer, supervisor: Supervisor) -> None:
    part = Program("told-time", [told.command, "wait"], told.own, starter=server)
    part.conditions = Conditions(own_clock=True)
    supervisor.start(part)
    found = row(part.pids[0])
    assert found is not None
    assert found.parent != server.pids[0]
    part.stop()


def test_another_command_is_executed(told: Told, server: ForkServer, installed: Path) -> None:
    child = told.start(server, str(installed / "told.py"), "tell", "0", command=sys.executable)
    assert child.wait(PATIENCE_S) == 0
    assert told.heard()["forked"] is False


def test_a_command_that_starts_a_thread_while_it_is_imported_is_not_forked(
    supervisor: Supervisor, installed: Path
) -> None:
    part = ForkServer("threads-forks", "told", ["threaded"], {"PYTHONPATH": str(installed)})
    with pytest.raises(StartFailed, match="told has 2 threads after its import, and cannot be forked"):
        supervisor.start(part)


def test_what_no_message_holds_is_executed(told: Told, server: ForkServer) -> None:
    long = {f"LONG_{number}": "x" * 100_000 for number in range(2)}
    assert told.start(server, "tell", "0", **long).wait(PATIENCE_S) == 0
    assert told.heard()["forked"] is False


def test_nobody_is_forked_for_who_has_hung_up(told: Told, server: ForkServer, tmp_path: Path) -> None:
    """A server that stands still finds what was asked of it meanwhile when it goes on."""
    server.pause()
    connection = server._connect()
    asked = {"argv": [told.command, "tell", "0"], "environment": told.environment, "directory": str(tmp_path)}
    unheard = tmp_path / "unheard"
    with unheard.open("wb") as output:
        socket.send_fds(connection, [json.dumps(asked).encode()], [output.fileno(), output.fileno()])
    connection.close()
    server.resume()
    child = told.start(server, "tell", "0")
    assert child.wait(PATIENCE_S) == 0
    server.stop()
    assert unheard.read_bytes() == b""


@pytest.mark.parametrize("message", [b"no json", b"[]", b"{}", b'{"argv": []}'])
def test_what_cannot_be_read_ends_nobody_elses_turn(told: Told, server: ForkServer, message: bytes) -> None:
    with told.file("output").open("wb") as output:
        for handles in ([], [output.fileno()], [output.fileno(), output.fileno()]):
            with server._connect() as connection:
                socket.send_fds(connection, [message], handles)
                assert connection.recv(32) == b""
    assert told.start(server, "tell", "4").wait(PATIENCE_S) == 4


def test_a_server_that_stands_still_refuses_in_time(
    told: Told, server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = told.start(server, "wait")
    monkeypatch.setattr(fork_server, "_PATIENCE_S", 0.1)
    server.pause()
    try:
        with pytest.raises(ForkRefused, match="told-forks did not say whom it forked"):
            told.start(server, "tell", "0")
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(PATIENCE_S) == 255, "it is gone, and nobody says how it ended"
    finally:
        server.resume()


def test_it_is_found_below_a_long_path(supervisor: Supervisor, installed: Path, told: Told) -> None:
    part = ForkServer("told-" + "x" * 100, "told", environment={"PYTHONPATH": str(installed), "LANG": "C.UTF-8"})
    supervisor.start(part)
    assert told.start(part, "tell", "5").wait(PATIENCE_S) == 5
    part.stop()


def test_who_was_forked_outlives_who_forked_it_and_its_status_is_lost(
    told: Told, server: ForkServer, until: Callable[..., object]
) -> None:
    child = told.start(server, "wait")
    until(lambda: told.is_waiting(child), "it waits")
    os.kill(server.pids[0], signal.SIGKILL)
    until(lambda: server.pids == [], "it is gone")
    assert child.poll() is None
    with pytest.raises(ForkRefused, match="told-forks is not there"):
        told.start(server, "tell", "0")
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(PATIENCE_S) == 255


def test_everybody_whom_it_forked_ends_with_a_server_that_is_stopped(told: Told, server: ForkServer) -> None:
    child = told.start(server, "wait")
    known = know(child.pid)
    assert known is not None
    server.stop()
    assert not is_alive(known)
    assert child.wait(PATIENCE_S) in {-signal.SIGKILL, 255}
