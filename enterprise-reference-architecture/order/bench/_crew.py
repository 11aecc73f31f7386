"""Processes that do one thing together, from who measures them: told and telling by lines of JSON.

A process that was told nothing waits for a line, and does nothing else: whoever is at rest takes no time from the side
that is measured. The monotonic clock is the machine's, so that what a process reads on it can be compared here.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trivet_lab.bench import BenchError
from trivet_lab.settings import child_environment

HERE = Path(__file__).resolve().parent
_PATIENCE_S = 120.0
Told = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """What one process is started with beside the lab's own environment."""

    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Crew:
    """So many processes of one script of this folder; each says that it is ready before anything is asked of it."""

    def __init__(self, script: str, members: Sequence[Member]) -> None:
        """Start them."""
        self._heard: queue.SimpleQueue[tuple[int, Told | None]] = queue.SimpleQueue()
        self._processes = [
            subprocess.Popen(
                [sys.executable, str(HERE / script), *member.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=child_environment(member.environment),
            )
            for member in members
        ]
        for number in range(len(self._processes)):
            threading.Thread(target=self._listen, args=[number], daemon=True).start()
        self._script = script

    def __enter__(self) -> Self:
        """Wait until all of them are ready."""
        self.answers(len(self._processes), "ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them: who hears no more lines ends by itself, and who does not is ended."""
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def tell(self, number: int, **words: object) -> None:
        """Tell one of them something."""
        print(json.dumps(words), file=self._processes[number].stdin, flush=True)

    def hear(self) -> tuple[int, Told]:
        """Return what one of them says next, and which one.

        Raises:
            BenchError: one has ended, or all are silent.
        """
        try:
            number, told = self._heard.get(timeout=_PATIENCE_S)
        except queue.Empty:
            raise BenchError(f"{self._script} has said nothing for {_PATIENCE_S:g} s") from None
        if told is None:
            raise BenchError(f"{self._script} ended with {self._processes[number].wait()}")
        return number, told

    def answers(self, count: int, word: str) -> list[Told]:
        """Return what so many of them say with a word in it; what they say else is passed over."""
        found: list[Told] = []
        while len(found) < count:
            _, told = self.hear()
            if word in told:
                found.append(told)
        return found

    def done_at_s(self, count: int) -> float:
        """Return when so many things were done, all of them together."""
        done, at_s = 0, 0.0
        while done < count:
            told = self.answers(1, "done")[0]
            done, at_s = done + told["done"], max(at_s, told["at_s"])
        return at_s

    def _listen(self, number: int) -> None:
        for line in self._processes[number].stdout or ():
            self._heard.put((number, json.loads(line)))
        self._heard.put((number, None))


def shares(count: int, processes: int) -> list[int]:
    """Return how many each of so many processes does of a count, as evenly as it goes."""
    return [count // processes + (number < count % processes) for number in range(processes)]
