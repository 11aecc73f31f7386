"""Keeps tests from vanishing: a file that yields none, or a skip that nobody listed, makes the session red.

A test that is not run looks exactly like one that passes. Files are lost when two of one name shadow each other or
when a collection hook drops them; tests are lost behind a skip whose condition became true everywhere.
"""

from __future__ import annotations

import platform
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent

# pytest names a test module by its path, so the tests of the member `platform` are `platform.tests.…`, and it puts a
# package `platform` into sys.modules for them unless there is one: that would be the end of the standard library's
# module, which drivers import. With a path of its own the real one is such a package already.
platform.__path__ = [str(ROOT / "platform")]
LIST = Path("tests") / "workspace" / "skips.toml"


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


def pytest_configure(config: pytest.Config) -> None:
    """Watch this session."""
    config.pluginmanager.register(Vanished(config.rootpath), "vanished")
