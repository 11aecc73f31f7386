"""One fault on one part that somebody asked for by hand, from asking until it is healed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trivet_lab.control.answers import BrokenPart, State
from trivet_lab.faults import Course


class Episode:
    """Plays a course on a thread of its own: a fault may last long after the request that asked for it.

    Race: somebody heals a fault in the instant at which its time is over, or two do. Only the episode's own thread
    heals, and whoever asks for it waits until that is done; the first to ask is told that it was theirs. A part that
    did not come back keeps its turn, so that nobody else touches it, and healing it again is one caller's at a time.
    """

    def __init__(self, course: Course, for_s: float | None, give_back: Callable[[], None]) -> None:
        """Prepare it; ``give_back`` ends its hold of the part once that is well."""
        self.course = course
        self._for_s = for_s if for_s is not None or course.fault.LASTS else 0
        self._give_back = give_back
        self._struck = threading.Event()
        self._end = threading.Event()
        self._over = threading.Event()
        self._abandoned = False
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Whether its part is well, or was given up."""
        return self._over.is_set() and self.course.failure is None

    @property
    def told(self) -> BrokenPart:
        """What has become of it so far."""
        record = self.course.record
        times = record.asked_ns, record.effective_ns, record.healed_ns
        return BrokenPart(record.target, self._state(), *times, record.evidence)

    def begin(self) -> None:
        """Do it."""
        name = f"{self.course.fault.NAME} {self.course.fault.target.name}"
        threading.Thread(target=self._play, name=name, daemon=True).start()

    def settle(self, patience_s: float) -> None:
        """Return when there is something to tell: it is in effect, or over.

        A fault that waits for something to happen (a COMMIT, say) may wait for long: then nothing is told but that it
        was asked for, after ``patience_s``.
        """
        waits = self.course.fault.PATIENCE_S is None
        struck = self._struck.wait(patience_s if waits else None)
        if struck and (self.course.effective_ns is None or self._for_s == 0):
            self._over.wait()

    def heal(self) -> bool:
        """Heal it and return when that is done; False when there was nothing to do."""
        with self._lock:
            if self.is_over:
                return False
            if self._over.is_set():
                self._mend()
                return True
            mine = not self._end.is_set()
            self._end.set()
        self._over.wait()
        return mine

    def abandon(self) -> None:
        """Leave it as it is: its part is about to be stopped with all others."""
        self._abandoned = True
        self._end.set()

    def _play(self) -> None:
        self.course.strike(self._end.is_set)
        self._struck.set()
        if self.course.effective_ns is not None:
            self._end.wait(self._for_s)
        if not self._abandoned:
            self._mend()
        self._over.set()

    def _mend(self) -> None:
        self.course.heal()
        if self.course.failure is None:
            self._give_back()

    def _state(self) -> State:
        if not self._struck.is_set():
            return "asked"
        if self._over.is_set() and self.course.failure is not None:
            return "not well"
        if self.course.effective_ns is None:
            return "without effect"
        return "healed" if self._over.is_set() else "in effect"
