"""Runs the tests of one Go package and reads what became of each from `go test -json`."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REASON = re.compile(r"^\s*\S+\.go:\d+: (?P<reason>.*)$")


def go() -> str:
    """Return the workspace's Go, which tools/golang.py puts beside the interpreter, or one on PATH."""
    beside = Path(sys.executable).with_name("go")
    found = str(beside) if beside.exists() else shutil.which("go")
    if found is None:
        raise FileNotFoundError("there is no Go: python3 tools/bootstrap.py sync test brings one")
    return found


@dataclasses.dataclass
class Outcome:
    """What became of one top-level test; what its subtests printed is among its output."""

    result: str = ""
    output: str = ""
    skipped: str | None = None
    subtests: int = 0


@dataclasses.dataclass
class PackageRun:
    """What became of a package: its tests by name, how it ended as a whole, and what no test printed."""

    tests: dict[str, Outcome] = dataclasses.field(default_factory=dict)
    passed: bool = False
    output: str = ""

    @property
    def ran(self) -> dict[str, Outcome]:
        """The tests that came to an end."""
        return {name: outcome for name, outcome in self.tests.items() if outcome.result}


LEAST_PRIORITY = 19


class Behind:
    """Runs a command at the lowest priority, and ends it with all that it started when nobody wants it any more."""

    def __init__(self) -> None:
        """Nothing runs."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    def run(self, words: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run it to its end; where ``end`` came first nothing is run, and the exit code is that of a killed one."""
        with self._lock:
            if self._ended:
                return subprocess.CompletedProcess(words, -signal.SIGKILL, "", "")
            process = self._process = subprocess.Popen(
                words,
                cwd=folder,
                env=env,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        os.setpriority(os.PRIO_PROCESS, process.pid, LEAST_PRIORITY)
        out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def end(self) -> None:
        """Kill what runs, and let nothing begin."""
        with self._lock:
            self._ended = True
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)


def at_once(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command as everything else here is run."""
    return subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True, check=False)


Run = Callable[[Sequence[str], Path, Mapping[str, str]], subprocess.CompletedProcess[str]]


def run_package(
    folder: Path, names: Sequence[str] | None, environment: Mapping[str, str], *, race: bool, run: Run = at_once
) -> PackageRun:
    """Run these tests of the package in a folder, all when None, and return what became of them.

    Nothing that Go remembers of an earlier run counts: what a test meets outside its package, no cache knows.
    """
    words = [go(), "test", "-json", "-count=1"]
    if race:
        words.append("-race")
    if names is not None:
        words.append(f"-run=^({'|'.join(names)})$")
    env = dict(environment) | {"CGO_ENABLED": "1" if race else "0"}
    done = run([*words, "."], folder, env)
    found = read_events(done.stdout)
    found.output += done.stderr
    found.passed = found.passed and done.returncode == 0
    return found


def read_events(text: str) -> PackageRun:
    """Read the events of one package's run; a line that is none is kept as output of no test."""
    run = PackageRun()
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            run.output += f"{line}\n"
            continue
        action, printed = event["Action"], event.get("Output", "")
        if "Test" in event:
            name, _, sub = event["Test"].partition("/")
            _note(run.tests.setdefault(name, Outcome()), action, printed, in_subtest=bool(sub))
        elif action in {"output", "build-output"}:
            run.output += printed
        elif "Package" in event:
            run.passed = action == "pass"
    return run


def _note(outcome: Outcome, action: str, printed: str, *, in_subtest: bool) -> None:
    outcome.output += printed
    if action == "skip" and outcome.skipped is None:
        reasons = [found["reason"] for line in outcome.output.splitlines() if (found := REASON.match(line))]
        outcome.skipped = reasons[-1] if reasons else "without a reason"
    if action in {"pass", "fail", "skip"}:
        if in_subtest:
            outcome.subtests += 1
        else:
            outcome.result = action
