"""A start names what it waits for, shows why it failed, and writes down what runs."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_platform import PlatformClosed, PlatformError, Program, StartFailed, Supervisor, Valkey, execute, free_port
from trivet_platform.sockets import is_free

FAILING = "import sys; [print('line', n) for n in range(1, 31)]; sys.exit(3)"


def test_blockers_are_named_while_waiting(tmp_path: Path, service: Callable[..., Program]) -> None:
    said: list[str] = []
    gate = tmp_path / "gate"

    def say(sentence: str) -> None:
        said.append(sentence)
        gate.touch()

    with Supervisor(tmp_path, say) as platform:
        platform.start(Valkey("quick"), service("slow", f"ready={gate}"))
    (sentence,) = said
    assert sentence.startswith("waiting for slow: /readyz answers 503")
    assert "the cache" in sentence
    assert "quick" not in sentence


def test_a_failing_process_shows_its_last_20_lines(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed) as caught:
        supervisor.start(Program("failing", [sys.executable, "-c", FAILING], {}, f"127.0.0.1:{free_port()}"))
    assert caught.value.part == "failing"
    assert caught.value.reason == "exited with status 3"
    assert caught.value.log_lines == [f"line {number}" for number in range(11, 31)]
    assert "failing did not start: exited with status 3" in str(caught.value)
    assert str(caught.value).endswith("\n  | line 30")


def test_lines_of_an_earlier_start_are_not_shown(supervisor: Supervisor, tmp_path: Path) -> None:
    marked = tmp_path / "second"
    script = f"import os, sys; sys.exit(4) if os.path.exists({str(marked)!r}) else print('of the first start')"
    part = Program("twice", [sys.executable, "-c", script], {}, f"127.0.0.1:{free_port()}")
    with pytest.raises(StartFailed, match="of the first start"):
        supervisor.start(part)
    marked.touch()
    with pytest.raises(StartFailed, match="exited with status 4") as caught:
        supervisor.start(part)
    assert caught.value.log_lines == []


def test_a_failure_stops_the_parts_started_with_it(supervisor: Supervisor) -> None:
    fine = Valkey("fine")
    with pytest.raises(StartFailed, match="failing-too did not start"):
        supervisor.start(fine, Program("failing-too", [sys.executable, "-c", FAILING], {}, "127.0.0.1:1"))
    assert fine.pids == []


def test_a_command_that_is_not_there_is_a_failed_start(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match=r"absent did not start: .*no-such-command"):
        supervisor.start(Program("absent", ["no-such-command"], {}))


def test_patience_ends(tmp_path: Path) -> None:
    part = Program("never", ["sleep", "1000"], {}, f"127.0.0.1:{free_port()}")
    with Supervisor(tmp_path, patience_s=0.2) as platform:
        with pytest.raises(StartFailed, match=r"never did not start: not ready after 0\.2 s: not listening on"):
            platform.start(part)
        assert part.pids == []


def test_what_a_stranger_answers_is_not_believed(tmp_path: Path, service: Callable[..., Program]) -> None:
    with Supervisor(tmp_path, patience_s=0.5) as platform:
        stranger = service("stranger")
        platform.start(stranger)
        ours = Program("ours", ["sleep", "1000"], {}, stranger.listen, stranger.ready_url)
        with pytest.raises(StartFailed, match=r"ours did not start: not ready after .* not listening on"):
            platform.start(ours)


def test_two_running_parts_of_one_name_are_refused(supervisor: Supervisor) -> None:
    first = Valkey("namesake")
    supervisor.start(first)
    with pytest.raises(PlatformError, match="a part named namesake runs already"):
        supervisor.start(Valkey("namesake"))
    supervisor.stop(first)
    supervisor.start(Valkey("namesake"))


def test_a_service_gets_its_own_environment_and_no_setting_by_accident(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVET_INVENTORY_STRATEGY", "naive")
    script = "import os, sys; print(sorted(n for n in os.environ if n.startswith('TRIVET_'))); sys.exit(1)"
    with pytest.raises(StartFailed) as caught:
        supervisor.start(Program("bare", [sys.executable, "-c", script], {"TRIVET_A_B": "c"}, "127.0.0.1:1"))
    assert caught.value.log_lines == ["['TRIVET_A_B', 'TRIVET_PLATFORM']"]


def test_platform_json_says_what_runs(tmp_path: Path) -> None:
    file = tmp_path / "platform.json"
    with Supervisor(tmp_path) as platform:
        part = Valkey("one")
        platform.start(part)
        platform.write({"page": "http://127.0.0.1:8081"})
        written: dict[str, Any] = json.loads(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (entry,) = written["parts"]
        assert entry["name"] == "one"
        assert entry["pids"] == part.pids
        assert entry["endpoints"] == {"url": part.url}
        assert entry["log"] == str(tmp_path / "log" / "one.log")
        assert written["page"] == "http://127.0.0.1:8081"
        assert len(written["token"]) >= 24
    assert not file.exists()
    assert not (tmp_path / "parts").exists()
    assert (tmp_path / "log" / "one.log").exists()


def test_a_platform_that_ends_starts_nothing(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as platform:
        register = platform._register
    with pytest.raises(PlatformClosed):
        register.spawn("late", ["sleep", "1000"], tmp_path / "late.log", {}, tmp_path, None, execute)


def test_without_its_guard_a_platform_starts_nothing_more(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as platform:
        guard = platform._register._guard
        os.kill(guard.pid, signal.SIGKILL)
        guard._process.wait()
        part = Valkey("unguarded")
        with pytest.raises(StartFailed, match="the guard has ended"):
            platform.start(part)
    assert not (tmp_path / "parts").exists()
    assert not (tmp_path / "platform.json").exists()


def test_free_ports_are_distinct_and_below_the_outgoing_range() -> None:
    ports = [free_port() for _ in range(50)]
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(ports)) == 50
    assert all(is_free(port) and port < lowest_outgoing for port in ports)
