"""Where results lie: a file a bench, and the page that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trivet_lab.bench.page import render
from trivet_lab.bench.result import Result, encoded, read_result


class Shelf:
    """The results of a checkout: ``docs/benchmarks/<bench>.json``, and ``docs/benchmarks.md`` made of all of them."""

    def __init__(self, folder: Path, page: Path) -> None:
        self.folder = folder
        self.page = page

    @classmethod
    def of(cls, root: Path) -> Shelf:
        """Return the shelf that is committed."""
        return cls(root / "docs" / "benchmarks", root / "docs" / "benchmarks.md")

    def results(self) -> list[Result]:
        """Return every result, in the order of their names; raises ``BenchError`` if one is damaged."""
        return [read_result(file) for file in sorted(self.folder.glob("*.json"))]

    def put(self, script: str, results: Sequence[Result]) -> None:
        """Replace what this script measured before; each file is written whole or not at all (a rename)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for result in results:
            _replace(self.folder / f"{result.bench}.json", encoded(result))
        names = {result.bench for result in results}
        for old in self.results():
            if old.script == script and old.bench not in names:
                (self.folder / f"{old.bench}.json").unlink()

    def write_page(self) -> None:
        """Make the page of what lies here."""
        _replace(self.page, render(self.results()).encode())


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
