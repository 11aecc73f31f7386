"""Whose turn it is at each part."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet_lab.control.problems import NotFound, PartTaken


class Turns:
    """Lets one request at a time change a part, and none while a fault has it.

    Race: two clients start and stop one part at once, or start what a fault has just killed. Without this a part runs
    twice on one data directory, or a probe sees the work of somebody else and its evidence is false. Requests wait for
    each other, since a start or stop is bounded; for a fault they do not wait, since it may last for hours: they are
    refused and told which it is. Turns of several parts are taken together or not at all, so nobody waits in a circle.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Let everybody have a turn at these parts."""
        self._names = frozenset(names)
        self._changed = threading.Condition()
        self._busy: set[str] = set()
        self._kept: dict[str, int] = {}

    @contextmanager
    def brief(self, name: str) -> Iterator[None]:
        """Have a part alone for a block.

        Raises:
            NotFound: there is no such part.
            PartTaken: a fault has it.
        """
        if name not in self._names:
            raise NotFound(f"no part is called {name!r}")
        with self._changed:
            self._await([name])
            self._busy.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(name)
                self._changed.notify_all()

    def keep(self, names: Sequence[str], fault: int) -> None:
        """Keep parts for a fault until each is given back.

        Raises:
            PartTaken: another fault has one of them; then none is kept.
        """
        with self._changed:
            self._await(names)
            self._kept |= dict.fromkeys(names, fault)

    def give_back(self, name: str) -> None:
        """End a fault's hold of a part."""
        with self._changed:
            self._kept.pop(name, None)
            self._changed.notify_all()

    @property
    def kept(self) -> Mapping[str, int]:
        """Which fault has which part just now."""
        with self._changed:
            return dict(self._kept)

    def _await(self, names: Sequence[str]) -> None:
        while True:
            for name in names:
                if name in self._kept:
                    number = self._kept[name]
                    raise PartTaken(f"fault {number} has {name}: heal it first (./trivet faults heal {number})")
            if not self._busy.intersection(names):
                return
            self._changed.wait()
