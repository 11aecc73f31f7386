"""Runs Go packages that need nobody else while pytest is busy with other tests: one at a time, behind everything else.

A package's tests keep a core busy for seconds, most of them in the compiler and the linker, and what pytest does
meanwhile is to wait for servers. At the lowest priority they take nothing from a test that looks at time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .running import Behind, PackageRun, Run


class Ahead:
    """Packages that are run before their first test is due."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="go-ahead")
        self._runs: dict[Path, Future[PackageRun]] = {}
        self._behind = Behind()

    def begin(self, folders: Iterable[Path], run: Callable[[Path, Run], PackageRun]) -> None:
        """Run these packages, in this order."""
        for folder in folders:
            self._runs[folder] = self._pool.submit(run, folder, self._behind.run)

    def take(self, folder: Path) -> PackageRun | None:
        """Return what became of a package once it has ended; None of one that was not begun, and now never is."""
        future = self._runs.pop(folder, None)
        return None if future is None or future.cancel() else future.result()

    def end(self) -> None:
        """Begin nothing more, and end what is running."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._behind.end()
