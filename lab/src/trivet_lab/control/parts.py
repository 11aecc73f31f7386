"""The parts of a shop that is up: what state each is in, and how it is started and stopped by hand."""

from __future__ import annotations

from collections.abc import Mapping

from trivet_lab.control.answers import PartChanged, PartState, PartStatus
from trivet_lab.control.problems import NotWell
from trivet_lab.control.turns import Turns
from trivet_lab.faults import Target, is_stopped, kind_of
from trivet_platform import PlatformError


class Parts:
    """Every part by the name that a fault's target has for it."""

    def __init__(self, targets: Mapping[str, Target], turns: Turns) -> None:
        """Stand for these parts."""
        self._targets = targets
        self._turns = turns

    def all(self) -> list[PartStatus]:
        """Return what each is like now."""
        return [self._status(name) for name in self._targets]

    def start(self, name: str) -> PartChanged:
        """Start a part that is down, on its data and address, and return when it is ready.

        Raises:
            NotFound, PartTaken: as ``Turns.brief``.
            NotWell: it did not become ready.
        """
        with self._turns.brief(name):
            target = self._targets[name]
            already = bool(target.part.pids)
            if not already:
                try:
                    target.start(target.part)
                except PlatformError as error:
                    raise NotWell(str(error)) from error
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
