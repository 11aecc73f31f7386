"""The course of one fault on one part: asked for, seen in effect, seen healed."""

from __future__ import annotations

import time
from collections.abc import Callable

from trivet_lab.evidence import FaultRecord
from trivet_lab.faults._fault import Fault, Seen, moved
from trivet_platform import PlatformError

HEAL_PATIENCE_S = 30
POLL_S = 0.02


class Course:
    """Carries one fault through and keeps what its probes saw; whoever plays it decides when it ends.

    One thread plays a course: first ``strike``, later ``heal``. Nothing that a fault raises leaves it: a fault without
    a record would pass for one that nobody asked for.
    """

    def __init__(self, fault: Fault, now_ns: Callable[[], int]) -> None:
        """Prepare it; times are read from ``now_ns``."""
        self.fault = fault
        self.asked_ns: int | None = None
        self.effective_ns: int | None = None
        self.healed_ns: int | None = None
        self.failure: str | None = None
        self._now_ns = now_ns
        self._evidence = ""
        self._where: list[str] | None = None

    @property
    def record(self) -> FaultRecord:
        """What has become of it so far."""
        times = self.asked_ns, self.effective_ns, self.healed_ns
        return FaultRecord(self.fault.NAME, self.fault.target.name, *times, self._evidence)

    def strike(self, given_up: Callable[[], bool]) -> None:
        """Do it, and look until it is in effect, its patience has passed, or the asker gives up on one without any."""
        self.asked_ns = self._now_ns()
        try:
            self._where = self.fault.target.addresses
            self.fault.inject()
            self.effective_ns, self._evidence = self._await_effect(given_up)
        except Exception as error:  # noqa: BLE001  - see the class
            self._evidence = f"could not be done: {type(error).__name__}: {error}"

    def abandon(self, why: str) -> None:
        """Leave it as it is, unhealed."""
        self._evidence += f"; {why}"

    def heal(self) -> None:
        """Undo it, and look until the part is well again where everybody knows it; ``failure`` says what is not."""
        try:
            self.fault.heal()
            self.healed_ns, well = self._await_health()
            known, now = self._where, self.fault.target.addresses
            if known is not None and now != known:
                self.healed_ns, well = None, f"it {moved(known, now)}"
        except Exception as error:  # noqa: BLE001  - see the class
            self.healed_ns, well = None, f"did not come back: {type(error).__name__}: {error}"
        self._evidence += f"; {well}"
        self.failure = None if self.healed_ns is not None else f"{self.fault.NAME} of {self.fault.target.name}: {well}"

    def _await_effect(self, given_up: Callable[[], bool]) -> tuple[int | None, str]:
        patience_s = self.fault.PATIENCE_S
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while True:
            seen = self.fault.probe()
            if seen.in_effect:
                return self._now_ns(), seen.saw
            out_of_time = given_up() if deadline is None else time.monotonic() > deadline
            if out_of_time:
                return None, f"never took effect: {seen.saw}"
            _pause()

    def _await_health(self) -> tuple[int | None, str]:
        deadline = time.monotonic() + HEAL_PATIENCE_S
        while True:
            seen = self.fault.probe() if self.fault.LASTS else Seen(in_effect=False, saw="")
            ill = f"still in effect: {seen.saw}" if seen.in_effect else _illness(self.fault.part.blocker)
            if ill is None:
                return self._now_ns(), "then it answered again"
            if time.monotonic() > deadline:
                return None, f"not well after {HEAL_PATIENCE_S} s: {ill}"
            _pause()


def _illness(blocker: Callable[[], str | None]) -> str | None:
    try:
        return blocker()
    except PlatformError as error:
        return str(error)


def _pause() -> None:
    time.sleep(POLL_S)
