"""The parts of a shop that is up: what state each is in, and how it is started and stopped by hand."""

from __future__ import annotations

from collections.abc import Mapping

from trivet_lab.control.answers import PartChanged, PartState, PartStatus
from trivet_lab.control.problems import NotWell
from trivet_lab.control.turns import Turns
from trivet_lab.faults import Target, is_stopped, kind_of, moved
from trivet_platform import PlatformError


class Parts:
    """Every part by the name that a fault's target has for it."""

    def __init__(self, targets: Mapping[str, Target], turns: Turns) -> None:
        """Stand for these parts, which run now, where everybody was told that they are."""
        self._targets = targets
        self._known = {name: target.addresses for name, target in targets.items()}
        self._turns = turns

    def all(self) -> list[PartStatus]:
        """Return what each is like now."""
        return [self._status(name) for name in self._targets]

    def start(self, name: str) -> PartChanged:
        """Start a part that is down, on its data and address, and return when it is ready.

        Race: while it is down anybody may take its port, and a server then chooses another one. It runs, but nobody
        finds it; that is told at every start, since it keeps the port that it chose.

        Raises:
            NotFound, PartTaken: as ``Turns.brief``.
            NotWell: it did not become ready, or at an address that nobody knows.
        """
        with self._turns.brief(name):
            target = self._targets[name]
            already = bool(target.part.pids)
            if not already:
                try:
                    target.start(target.part)
                except PlatformError as error:
                    raise NotWell(str(error)) from error
            if (now := target.addresses) != self._known[name]:
                raise NotWell(f"{name} {moved(self._known[name], now)}: its port was taken; start the shop again")
            return PartChanged(already, self._status(name))

    def stop(self, name: str) -> PartChanged:
        """Ask a part to end and return when nothing of it lives.

        Raises:
            NotFound, PartTaken: as ``Turns.brief``.
            NotWell: something of it lives on.
        """
        with self._turns.brief(name):
            part = self._targets[name].part
            already = not part.pids
            part.stop()
            if living := part.pids:
                raise NotWell(f"{name} was told to end, and {len(living)} of its processes live on")
            return PartChanged(already, self._status(name))

    def _status(self, name: str) -> PartStatus:
        part = self._targets[name].part
        pids = part.pids
        paused = bool(pids) and all(is_stopped(pid) for pid in pids)
        state: PartState = "paused" if paused else "running" if pids else "down"
        return PartStatus(name, kind_of(name), state, pids, part.endpoints, self._turns.kept.get(name))
