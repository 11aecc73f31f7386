"""Carries out a schedule of faults beside a crowd, and writes down what was asked, what took effect, what healed."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trivet_lab.evidence import FaultRecord, PlannedFault, write_faults
from trivet_lab.faults._course import Course
from trivet_lab.faults._fault import Fault, Target
from trivet_lab.faults._find import fault_named


class FaultFailed(Exception):
    """A part that was broken did not come back: the lab broke, and nothing is said about the product."""


class Conductor:
    """One variant's faults, from ``with`` to its end: whatever is still broken then is healed before it returns.

    Each fault runs on threads of its own, one a part, so that a slow start of one delays no other; they begin when it
    is due, since a schedule of hours would otherwise keep hundreds of them waiting. Faults on one part wait for each
    other: a part that is healed under another fault's feet would make that one's evidence false.
    """

    def __init__(
        self, planned: Sequence[PlannedFault], targets: Mapping[str, Target], epoch_ns: int, path: Path
    ) -> None:
        """Prepare these faults on these targets; records go to ``path``, times count from ``epoch_ns``."""
        self._targets = targets
        self._epoch_ns = epoch_ns
        self._path = path
        self._over = threading.Event()
        self._abandoned = False
        self._began_s: float | None = None
        self._turns = {name: threading.Lock() for name in targets}
        self._records: list[FaultRecord] = []
        self._failures: list[str] = []
        self._todo = [(fault, part) for fault in sorted(planned, key=_due) for part in fault.parts]
        self._threads: list[threading.Thread] = []
        self._clock = threading.Thread(target=self._run, name="faults", daemon=True)

    def __enter__(self) -> Self:
        """Wait for the crowd."""
        return self

    def begin(self, at_s: float) -> None:
        """Start the schedule: the crowd has been sending for ``at_s`` seconds. Every call but the first is idle."""
        if self._began_s is not None:
            return
        self._began_s = time.monotonic() - at_s
        self._clock.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Heal what is still broken, and write the records.

        Raises:
            FaultFailed: a part did not come back.
        """
        self._abandoned = error is not None
        self._over.set()
        if self._began_s is None:
            self._records = [self._never(fault, part) for fault, part in self._todo]
        else:
            self._clock.join()
        for thread in self._threads:
            thread.join()
        write_faults(self._path, self._records)
        if self._failures and error is None:
            raise FaultFailed("; ".join(self._failures))

    def _never(self, fault: PlannedFault, part: str) -> FaultRecord:
        return FaultRecord(fault.fault, part, None, None, None, "the crowd had ended before it was due")

    def _run(self) -> None:
        """Begin each fault when it is due; what is not due when the crowd has ended never happens."""
        for fault, part in self._todo:
            early_s = (self._began_s or 0.0) + fault.at_s - time.monotonic()
            if early_s > 0 and self._over.wait(early_s):
                self._records.append(self._never(fault, part))
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            name = f"{fault.fault} {part}"
            self._threads.append(threading.Thread(target=self._carry, args=(fault, part), name=name, daemon=True))
            self._threads[-1].start()

    def _carry(self, planned: PlannedFault, name: str) -> None:
        with self._turns[name]:
            fault = fault_named(planned.fault)(self._targets[name], planned.argument)
            self._records.append(self._break(fault, planned.for_s))

    def _break(self, fault: Fault, for_s: float) -> FaultRecord:
        course = Course(fault, self._now_ns)
        course.strike(self._over.is_set)
        if course.effective_ns is not None:
            self._over.wait(for_s)
        if self._abandoned:
            course.abandon("the run was given up")
            return course.record
        course.heal()
        if course.failure is not None:
            self._failures.append(course.failure)
        return course.record

    def _now_ns(self) -> int:
        return time.monotonic_ns() - self._epoch_ns


def _due(fault: PlannedFault) -> float:
    return fault.at_s
