"""How the lab speaks to people: progress on stderr, a table on stdout, one JSON object when asked for."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

import msgspec
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

EVERY_S_MIN = 4
LINES_MAX = 60


class Meter:
    """The progress of one load: a bar on a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, title: str, seconds: float, progress: Progress | None, out: TextIO) -> None:
        self._title = title
        self._seconds = seconds
        self._progress = progress
        self._out = out
        self._task = progress.add_task(title, total=seconds, note="") if progress else None
        self._spoken = time.monotonic()
        self._every_s = max(EVERY_S_MIN, seconds / LINES_MAX)

    def show(self, at_s: float, note: str) -> None:
        """Show how far the load is and what it has met so far."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=min(at_s, self._seconds), note=note)
        elif time.monotonic() - self._spoken > self._every_s:
            self._spoken = time.monotonic()
            late = f", {at_s - self._seconds:.0f} s after its end" if at_s > self._seconds + 0.5 else ""
            at = f"{min(at_s, self._seconds):.0f} of {self._seconds:.0f} s{late}"
            print(f"  {self._title}: {at}, {note}", file=self._out, flush=True)


class Console:
    """Where the lab's sentences go. ``plain`` has no bar, no colour and no cursor movement."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self._out = sys.stderr
        self._rich = RichConsole(file=self._out, highlight=False, no_color=plain, soft_wrap=True)

    def say(self, text: str) -> None:
        """Write one line for people to stderr."""
        if self.plain:
            print(text, file=self._out, flush=True)
        else:
            self._rich.print(text, markup=False)

    @contextlib.contextmanager
    def meter(self, title: str, seconds: float) -> Iterator[Meter]:
        """Show the progress of something that takes about ``seconds``."""
        if self.plain:
            yield Meter(title, seconds, None, self._out)
            return
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._rich, transient=True) as progress:
            yield Meter(title, seconds, progress, self._out)

    def result(self, text: str) -> None:
        """Write what was asked for to stdout."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def result_json(self, value: object) -> None:
        """Write one JSON object to stdout."""
        self.result(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def columns(rows: list[list[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Return rows as lines with aligned columns; those in ``right`` are flush right, as figures are read."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
