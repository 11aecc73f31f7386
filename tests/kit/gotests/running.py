"""Runs the tests of one Go package and reads what became of each from `go test -json`."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
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


def run_package(folder: Path, names: Sequence[str] | None, environment: Mapping[str, str], *, race: bool) -> PackageRun:
    """Run these tests of the package in a folder, all when None, and return what became of them.

    Nothing that Go remembers of an earlier run counts: what a test meets outside its package, no cache knows.
    """
    words = [go(), "test", "-json", "-count=1"]
    if race:
        words.append("-race")
    if names is not None:
        words.append(f"-run=^({'|'.join(names)})$")
    env = dict(environment) | {"CGO_ENABLED": "1" if race else "0"}
    done = subprocess.run([*words, "."], cwd=folder, env=env, text=True, capture_output=True, check=False)
    run = read_events(done.stdout)
    run.output += done.stderr
    run.passed = run.passed and done.returncode == 0
    return run


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
