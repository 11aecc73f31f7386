from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trivet_platform import Program, free_port, sweep
from trivet_platform.proctree import Known, is_alive, know

LABS = Path(__file__).parent / "labs"
PATIENCE_S = 60


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and return its value; a minute only bounds a test that would hang."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.01)
    return value


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], Any], str], Any]:
    return until


@dataclasses.dataclass
class Lab:
    """A lab in a process of its own."""

    directory: Path
    popen: subprocess.Popen[str]
    output: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.output.append(line.rstrip())

    def said(self, words: str) -> bool:
        return any(words in line for line in self.output)

    def hear(self, words: str) -> str:
        until(lambda: self.said(words) or self.popen.poll() is not None, words)
        assert self.said(words), f"the lab ended without saying {words!r}: {self.output}"
        return next(line for line in self.output if words in line)

    def log(self, name: str) -> str:
        path = self.directory / "log" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def everybody(self) -> list[Known]:
        """Return every process of the lab's platform, once it is ready."""
        pids = json.loads(self.hear('{"pids"'))["pids"]
        found = [know(pid) for pid in pids]
        assert len(found) >= 1
        assert all(known is not None and is_alive(known) for known in found)
        return [known for known in found if known is not None]

    def file(self) -> dict[str, Any]:
        return json.loads((self.directory / "platform.json").read_text())

    def interrupt(self) -> None:
        self.popen.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(PATIENCE_S)

    def guard(self) -> Known:
        """Return the guard: the lab's child that carries the platform's marker as an argument."""
        marker = self.file()["platform"].encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and marker in _read(entry / "cmdline").split(b"\0"):
                known = know(int(entry.name))
                if known is not None:
                    return known
        raise AssertionError("no guard")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def run_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Start a lab with parts of these kinds; ``prefix`` leads its command line."""
    started: list[Lab] = []

    def run(*kinds: str, directory: Path | None = None, prefix: tuple[str, ...] = ()) -> Lab:
        place = directory or tmp_path / "runs" / f"run-{len(started)}"
        place.mkdir(parents=True, exist_ok=True)
        argv = [*prefix, sys.executable, str(LABS / "lab.py"), str(place), *kinds]
        popen = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(Lab(place, popen))
        return started[-1]

    yield run
    for lab in started:
        lab.kill()
    sweep(tmp_path / "runs")


@pytest.fixture
def service() -> Callable[..., Program]:
    """Make a service part; words are those of labs/service.py."""

    def make(name: str, *words: str) -> Program:
        port = free_port()
        argv = [sys.executable, str(LABS / "service.py"), name, str(port), *words]
        return Program(name, argv, {}, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}/readyz")

    return make


@pytest.fixture
def is_root() -> bool:
    return os.geteuid() == 0
