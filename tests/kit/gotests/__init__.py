"""Go's tests among pytest's: an item for each test function, with what `go test` says became of it.

A package is run once, when its first test is due, with those of its tests that were selected. Its tests find a database
and a Valkey of their own by TRIVET_TEST_DATABASE_URL and TRIVET_TEST_VALKEY_URL, which are started if the package asks
for either, or one of its module that it imports; one that asks for none is run ahead. With a C compiler they run under
the race detector; without one, that is a skip of its own.

What a test is, is read from its file; what ran, from Go. Where the two differ, a test has vanished, and that is red: a
file that is built for another system, an example without output, a function that Go takes for a test and we do not. So
is a package without any test, in a session over everything; a command, whose tests are those of what it starts, may be.

A test with `//trivet:long` in its comment has the mark `long`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .ahead import Ahead
from .running import Outcome, PackageRun, Run, at_once, go, run_package

DATABASE, VALKEY = "TRIVET_TEST_DATABASE_URL", "TRIVET_TEST_VALKEY_URL"
NO_COMPILER = "no C compiler: Go's tests run without the race detector"
PATTERN = re.compile(
    r"^(?P<comment>(?://[^\n]*\n)*)"
    r"func (?P<name>Test(?![a-z])\w*(?=\(\w+ \*testing\.T\))|Fuzz(?![a-z])\w*(?=\(\w+ \*testing\.F\))"
    r"|Example(?![a-z])\w*(?=\(\)))",
    re.MULTILINE,
)
RACE = """package main

func main() {
	done, n := make(chan bool), 0
	go func() { n++; done <- true }()
	n++
	<-done
	println(n)
}
"""


def compiler() -> bool:
    """Whether this machine has the C compiler that the race detector is linked with."""
    named = subprocess.run([go(), "env", "CC"], text=True, capture_output=True, check=True).stdout.split()
    return bool(named) and shutil.which(named[0]) is not None


def module_of(path: Path) -> Path:
    """Return the folder of the Go module that a file belongs to."""
    return next(folder for folder in path.parents if (folder / "go.mod").exists())


class Session:
    """What is known of Go in one pytest session: how it is run, and what came of it."""

    def __init__(self) -> None:
        """Nothing is looked for before a Go test is there."""
        self._runs: dict[Path, PackageRun] = {}
        self._race: bool | None = None
        self._asks: dict[Path, bool] = {}
        self._ahead = Ahead()

    @property
    def race(self) -> bool:
        """Whether tests run under the race detector."""
        if self._race is None:
            self._race = compiler()
        return self._race

    def asks_for_servers(self, package: Path) -> bool:
        """Whether any file of a package, or of one of its module that it imports, names the address of a server."""
        if package not in self._asks:
            self._asks[package] = any(DATABASE in text or VALKEY in text for text in _needed(package))
        return self._asks[package]

    def begin(self, items: list[pytest.Item]) -> None:
        """Run ahead what asks for no servers, of these items."""
        own: dict[Path, list[str]] = {}
        for item in items:
            if isinstance(item, GoTest):
                own.setdefault(item.path.parent, []).append(item.name)
        alone = [folder for folder in own if not self.asks_for_servers(folder)]
        self._ahead.begin(alone, lambda folder, run: self._run(folder, own[folder], {}, run))

    def end(self) -> None:
        """Stop running ahead."""
        self._ahead.end()

    def run_of(self, item: GoTest, servers: Callable[[Path], dict[str, str]] | None) -> PackageRun:
        """Return what became of an item's package, which is run now unless it was."""
        folder = item.path.parent
        if folder not in self._runs:
            own = [each for each in item.session.items if isinstance(each, GoTest) and each.path.parent == folder]
            ahead = self._ahead.take(folder)
            addresses = servers(folder) if servers else {}
            self._runs[folder] = ahead or self._run(folder, [each.name for each in own], addresses, at_once)
        return self._runs[folder]

    def _run(self, folder: Path, own: list[str], addresses: dict[str, str], run: Run) -> PackageRun:
        """Run those tests of a package."""
        whole = {test for file in folder.glob("*_test.go") for test in PATTERN.findall(file.read_text())}
        names = None if len(own) == len(whole) else own
        env = {name: value for name, value in os.environ.items() if not name.startswith("TRIVET_")} | addresses
        done = run_package(folder, names, env, race=self.race, run=run)
        if names is None:
            done.output += _strangers(done, set(own))
        return done

    def summary(self) -> str | None:
        """Return how many of Go's tests ran, None where there was none."""
        outcomes = [outcome for run in self._runs.values() for outcome in run.ran.values()]
        if not self._runs:
            return None
        ran = sum(outcome.result != "skip" for outcome in outcomes)
        subtests = sum(outcome.subtests for outcome in outcomes)
        detector = "with" if self.race else "WITHOUT"
        return (
            f"Go: {ran} tests with {subtests} subtests ran in {len(self._runs)} packages, {detector} the race detector"
        )


def _needed(package: Path) -> Iterator[str]:
    """Yield the files of a package, its tests too, and those of its own module that it imports, however far away."""
    module = module_of(package / "any.go")
    named = re.search(r"^module (\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    own = re.compile(rf'"{re.escape(named[1] if named else "-")}/([^"]+)"')
    waiting, seen = [package], {package}
    while waiting:
        folder = waiting.pop()
        for file in sorted(folder.glob("*.go")):
            if folder == package or not file.name.endswith("_test.go"):
                text = file.read_text()
                yield text
                found = {module / inner for inner in own.findall(text)} - seen
                seen |= found
                waiting += sorted(found)


def _strangers(run: PackageRun, known: set[str]) -> str:
    """Return a sentence if Go ran a test that nobody collected; the package has not passed then."""
    strangers = sorted(run.tests.keys() - known)
    if not strangers:
        return ""
    run.passed = False
    return f"Go ran what was not collected: {', '.join(strangers)}\n"


class GoFailed(Exception):
    """A test failed, or nobody knows what became of it; the text is what Go printed."""


class GoTest(pytest.Function):
    """One test function of a Go package."""

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it stands."""
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """Show what Go printed, and nothing of how it was called."""
        return str(excinfo.value) if isinstance(excinfo.value, GoFailed) else super().repr_failure(excinfo)


class GoFile(pytest.File):
    """A `*_test.go`. One that holds only what others use has no tests."""

    def collect(self) -> Iterator[GoTest]:
        """Yield its tests."""
        state = self.config.stash[STATE]
        asks = state.asks_for_servers(self.path.parent)
        for found in PATTERN.finditer(self.path.read_text()):
            item = GoTest.from_parent(self, name=found["name"], callobj=_with_servers if asks else _without)
            if "//trivet:long" in found["comment"].splitlines():
                item.add_marker(pytest.mark.long)
            yield item


def _with_servers(request: pytest.FixtureRequest, go_servers: Callable[[Path], dict[str, str]]) -> None:
    _judge(request.node, go_servers)


def _without(request: pytest.FixtureRequest) -> None:
    _judge(request.node, None)


def _judge(item: GoTest, servers: Callable[[Path], dict[str, str]] | None) -> None:
    run = item.config.stash[STATE].run_of(item, servers)
    outcome = run.tests.get(item.name, Outcome())
    if not outcome.result:
        raise GoFailed(f"{item.name} was not run to its end:\n{outcome.output}{run.output}")
    if outcome.result == "fail":
        raise GoFailed(outcome.output)
    if not run.passed and all(each.result != "fail" for each in run.ran.values()):
        raise GoFailed(f"{item.name} passed, and its package failed:\n{run.output}")
    if outcome.skipped is not None:
        pytest.skip(outcome.skipped)


class RaceDetector(pytest.Function):
    """Whether the race detector of this machine detects a race."""

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it stands."""
        return self.path, None, self.name


class GoModule(pytest.File):
    """A go.mod: whether its tests run under a race detector that detects races."""

    def collect(self) -> Iterator[RaceDetector]:
        """Yield one test if the module has any."""
        if any(PATTERN.search(file.read_text()) for file in self.path.parent.rglob("*_test.go")):
            yield RaceDetector.from_parent(self, name="race_detector", callobj=_race_detector)


def _race_detector(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if not request.config.stash[STATE].race:
        pytest.skip(NO_COMPILER)
    (tmp_path / "main.go").write_text(RACE)
    env = os.environ | {"CGO_ENABLED": "1"}
    words = [go(), "run", "-race", "main.go"]
    done = subprocess.run(words, cwd=tmp_path, env=env, text=True, capture_output=True, check=False)
    assert "WARNING: DATA RACE" in done.stderr, done.stderr


STATE = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing known."""
    config.stash[STATE] = Session()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take Go's test files and modules."""
    if file_path.name.endswith("_test.go"):
        return GoFile.from_parent(parent, path=file_path)
    return GoModule.from_parent(parent, path=file_path) if file_path.name == "go.mod" else None


@pytest.hookimpl(tryfirst=True)  # before the marks given on the command line take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Look for packages without a test, in a session over everything."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    tested = {item.path.parent for item in items if isinstance(item, GoTest)}
    watch: Any = config.pluginmanager.get_plugin("vanished")
    for folder in config.getini("testpaths"):
        for package in _packages(config.rootpath / folder):
            if package not in tested:
                watch.faults.append(f"{package.relative_to(config.rootpath)} is a Go package without a test")


def _packages(root: Path) -> list[Path]:
    """Return the folders that hold Go code which is no command."""
    files = [
        file
        for module in root.rglob("go.mod")
        for file in module.parent.rglob("*.go")
        if not {".venv", "testdata", "vendor"} & set(file.parts)
    ]
    own = [file for file in files if not re.search(r"^package main$", file.read_text(), re.MULTILINE)]
    return sorted({file.parent for file in own})


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin what need not wait for its turn."""
    if not session.config.option.collectonly:
        session.config.stash[STATE].begin(session.items)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running, whatever ended the session."""
    config.stash[STATE].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many of Go's tests ran."""
    told = config.stash[STATE].summary()
    if told:
        terminalreporter.line(told)


@pytest.fixture(scope="session")
def go_servers(supervisor: Any, postgres: Any) -> Iterator[Callable[[Path], dict[str, str]]]:
    """Return the addresses of an empty database and of Go's own Valkey, which a test may empty, for one package."""
    from trivet_platform import Valkey  # noqa: PLC0415  - a session without Go tests starts without the platform

    valkey = Valkey("go-valkey")
    supervisor.start(valkey)
    made: list[str] = []

    def give(package: Path) -> dict[str, str]:
        made.append(f"go_{re.sub(r'[^a-z0-9]+', '_', package.name.lower())}_{len(made) + 1}")
        return {DATABASE: postgres.create_database(made[-1]), VALKEY: valkey.url}

    yield give
    for name in made:
        postgres.drop_database(name)
