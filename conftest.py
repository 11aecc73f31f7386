"""Keeps tests from vanishing, and runs a part of a session's tests if it is asked to, aloud.

A test that is not run looks exactly like one that passes. Files are lost when two of one name shadow each other or
when a collection hook drops them; tests are lost behind a skip whose condition became true everywhere. So a file that
yields no test, or a skip that nobody listed, makes the session red.

``--part 2/3`` runs the second third of what was selected. The parts of one selection have every test once among them.
So have the lanes: ``--lane computing``, tests that need no server, ``--lane services``, of all others those of the
members that serve, and ``--lane lab``, the rest.
"""

from __future__ import annotations

import hashlib
import platform
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
pytest_plugins = ["gotests"]  # tests/kit: Go's tests are tests of the session like all others

# pytest names a test module by its path, so the tests of the member `platform` are `platform.tests.…`, and it puts a
# package `platform` into sys.modules for them unless there is one: that would be the end of the standard library's
# module, which drivers import. With a path of its own the real one is such a package already.
platform.__path__ = [str(ROOT / "platform")]
LIST = Path("tests") / "workspace" / "skips.toml"
SERVICES = ("chassis", "enterprise-reference-architecture", "race-condition-mitigation")
"""Whose tests are a lane of their own, but for those that only compute."""
COMPUTING = (
    "enterprise-reference-architecture/order/tests/contracts",
    "enterprise-reference-architecture/order/tests/events",
    "enterprise-reference-architecture/order/tests/participants",
    "enterprise-reference-architecture/order/tests/projecting",
    "enterprise-reference-architecture/order/tests/relay",
    "enterprise-reference-architecture/order/tests/saga",
    "enterprise-reference-architecture/order/tests/unit",
    "lab/tests/checkers",
    "lab/tests/evidence",
    "lab/tests/latency",
    "lab/tests/load",
    "lab/tests/mutants",
    "lab/tests/report",
    "lab/tests/scenarios",
    "lab/tests/trials",
    "lab/tests/verdict",
    "race-condition-mitigation/inventory/tests/unit",
    "race-condition-mitigation/locks/tests",
    "tests/workspace",
)
"""Where tests only compute, but for those that ask for the session's supervisor of servers."""


class Vanished:
    """Collects what did not run, and says so at the end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        listed = root / LIST
        skips = tomllib.loads(listed.read_text())["skip"] if listed.exists() else []
        self._allowed = {(skip["file"], skip["reason"]) for skip in skips}
        self.faults: list[str] = []

    @pytest.hookimpl(tryfirst=True)  # before the marks given on the command line take tests away
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Compare the files on disk with those that yielded a test, in a session over everything."""
        if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
            return
        yielding = {item.path for item in items}
        on_disk = (
            file
            for folder in config.getini("testpaths")
            for file in sorted((self._root / folder).rglob("test_*.py"))
            if not {".venv", "node_modules"} & set(file.parts)
        )
        self.faults += [f"{file.relative_to(self._root)} yields no test" for file in on_disk if file not in yielding]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at each skip, and at each expected failure, which pytest counts among them."""
        self._look(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at the skip of a whole file."""
        self._look(report)

    def _look(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = told.removeprefix("Skipped: ")
        file = report.nodeid.partition("::")[0]
        if (file, reason) not in self._allowed:
            self.faults.append(f"{report.nodeid} was skipped, which {LIST} does not list: {reason}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Make a green session red if something vanished."""
        if self.faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what vanished."""
        if self.faults:
            terminalreporter.section("tests that vanished", red=True)
            for fault in self.faults:
                terminalreporter.line(fault)


class Share:
    """Runs a share of what was selected, and says which and of how many tests."""

    def __init__(self) -> None:
        self._told = ""

    def name(self, config: pytest.Config) -> str:
        """Return what the share is called."""
        raise NotImplementedError

    def chosen(self, items: list[pytest.Item], root: Path) -> set[pytest.Item]:
        """Return its tests."""
        raise NotImplementedError

    @pytest.hookimpl(trylast=True)  # after the marks given on the command line took tests away
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take away the tests of all other shares."""
        mine, whole = self.chosen(items, config.rootpath), len(items)
        config.hook.pytest_deselected(items=[item for item in items if item not in mine])
        items[:] = [item for item in items if item in mine]
        self._told = f"{self.name(config)}, {len(items)} of {whole} tests"

    def pytest_report_collectionfinish(self) -> str:
        """Say which share it is, and of how many tests."""
        return self._told


class Part(Share):
    """Runs one of so many parts of a selection.

    Tests are dealt out in the order of their names' hashes: the long ones of one file stand beside each other in it,
    and would all fall to one part.
    """

    def __init__(self, number: int, parts: int) -> None:
        super().__init__()
        self._number = number
        self._parts = parts

    def name(self, config: pytest.Config) -> str:
        """Return which part it is, and of what."""
        return f"{config.option.markexpr or 'all'}: part {self._number} of {self._parts}"

    def chosen(self, items: list[pytest.Item], root: Path) -> set[pytest.Item]:
        """Return the tests that are dealt to it."""
        del root
        dealt = sorted(items, key=lambda item: hashlib.sha256(item.nodeid.encode()).digest())
        return set(dealt[self._number - 1 :: self._parts])


class Lane(Share):
    """Runs the tests of one lane: each test is in one."""

    def __init__(self, lane: str) -> None:
        super().__init__()
        self._lane = lane

    def name(self, config: pytest.Config) -> str:
        """Return which lane it is."""
        return f"{config.option.markexpr or 'all'}: lane {self._lane}"

    def chosen(self, items: list[pytest.Item], root: Path) -> set[pytest.Item]:
        """Return the tests of this lane."""
        return {item for item in items if _lane_of(item, root) == self._lane}


def _lane_of(item: pytest.Item, root: Path) -> str:
    if _is_within(item, root, COMPUTING) and "supervisor" not in getattr(item, "fixturenames", ()):
        return "computing"
    return "services" if _is_within(item, root, SERVICES) else "lab"


def _is_within(item: pytest.Item, root: Path, folders: Sequence[str]) -> bool:
    return any(item.path.is_relative_to(root / folder) for folder in folders)


def _part(words: str) -> Part:
    """Read ``2/3``."""
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", words)
    if found is None or int(found[1]) > int(found[2]):
        raise pytest.UsageError(f"--part {words} is none: write --part 2/3 for the second of three")
    return Part(int(found[1]), int(found[2]))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a session be one of several parts."""
    parser.addoption("--part", metavar="N/M", help="run part N of M of the selected tests")
    parser.addoption("--lane", choices=["computing", "services", "lab"], help="run the tests of one lane")


def pytest_configure(config: pytest.Config) -> None:
    """Watch this session, and deal out its tests if it is a part."""
    config.pluginmanager.register(Vanished(config.rootpath), "vanished")
    if (lane := config.getoption("--lane")) is not None:
        config.pluginmanager.register(Lane(lane), "lane")
    words = config.getoption("--part")
    if words is not None:
        config.pluginmanager.register(_part(words), "part")
