"""Writes down what happened while it happens: the history, the latency logs and a second's figures at a time."""

from __future__ import annotations

import time
from collections import Counter
from typing import BinaryIO, Final

from trivet_lab.evidence import Operation, Outcome, VariantDirectory, encode_operation
from trivet_lab.latency import Histogram, HlogWriter
from trivet_lab.load.summary import Second

_BUFFER_BYTES: Final = 1 << 16


class Recorder:
    """Counts and writes; knows nothing of how anything was sent.

    Lines are buffered and written at 64 kB and at each ``tick``: a generator that is killed leaves a history
    that ends a second early, possibly within a line. It goes on where a scenario has written what it asked itself.
    """

    def __init__(self, directory: VariantDirectory, epoch_ns: int, started_ns: int) -> None:
        self._file: BinaryIO = directory.history.open("ab")
        self._buffer = bytearray()
        self._directory = directory
        self._base_unix_s = time.time() - (time.monotonic_ns() - epoch_ns) / 1e9
        self._logs: dict[str, HlogWriter] = {}
        self._fresh: dict[str, Histogram] = {}
        self._tick_ns = started_ns
        self._tick_cpu_s = time.process_time()
        self._second = Tally()
        self.whole = Tally()
        self.lateness = Histogram()
        self.latency: dict[str, Histogram] = {}
        self.series: list[Second] = []
        self.begun = 0
        self.in_flight = 0
        self.in_flight_max = 0

    def began(self) -> None:
        """Count an operation as due and under way."""
        self.begun += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)

    def sent(self, late_ns: int) -> None:
        """Count the first attempt of an operation, so much later than it was due."""
        self._second.sent += 1
        self.whole.sent += 1
        self.lateness.record(max(0, late_ns) // 1000)

    def dropped(self) -> None:
        """Count an operation as over that never reached the wire."""
        self.in_flight -= 1

    def left_out(self, reason: str) -> None:
        """Count an operation as over that could not be asked for, as what it needs was refused or is not there."""
        self.in_flight -= 1
        self.whole.left_out[reason] += 1

    def ended(self, operation: Operation, due_ns: int) -> None:
        """Write an operation that ended; ``due_ns`` is on the history's clock."""
        self.in_flight -= 1
        for tally in (self._second, self.whole):
            tally.ended[operation.outcome] += 1
            tally.statuses[str(operation.status)] += 1
        self.whole.attempts += len(operation.attempts)
        self._latency(operation.f, operation.return_ns - due_ns)
        self._latency(f"{operation.f}.sent", operation.return_ns - operation.call_ns)
        self._buffer += encode_operation(operation)
        if len(self._buffer) >= _BUFFER_BYTES:
            self._write()

    def tick(self, now_ns: int) -> Second:
        """End the current interval at ``now_ns``, write everything that waits, and return the interval."""
        cpu_s = time.process_time()
        length_s = max(1e-9, (now_ns - self._tick_ns) / 1e9)
        second = Second(
            at_s=self._tick_ns / 1e9,
            length_s=length_s,
            sent=self._second.sent,
            ok=self._second.ended["ok"],
            refused=self._second.ended["fail"],
            unknown=self._second.ended["unknown"],
            in_flight=self.in_flight,
            cpu_share=(cpu_s - self._tick_cpu_s) / length_s,
            statuses=dict(self._second.statuses),
        )
        for name, histogram in self._fresh.items():
            self._log(name).write(second.at_s, length_s, histogram)
            self.latency.setdefault(name, Histogram()).merge(histogram)
        self._fresh.clear()
        self._write()
        self.series.append(second)
        self._second = Tally()
        self._tick_ns, self._tick_cpu_s = now_ns, cpu_s
        return second

    def close(self) -> None:
        """Write what waits and close every file."""
        self._write()
        self._file.close()
        for log in self._logs.values():
            log.close()

    def _latency(self, name: str, latency_ns: int) -> None:
        histogram = self._fresh.get(name)
        if histogram is None:
            histogram = self._fresh[name] = Histogram()
        histogram.record(latency_ns // 1000)

    def _log(self, name: str) -> HlogWriter:
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = HlogWriter(self._directory.latency / f"{name}.hlog", self._base_unix_s)
        return log

    def _write(self) -> None:
        self._file.write(self._buffer)
        self._file.flush()
        self._buffer.clear()


class Tally:
    """Counts of operations: sent, ended by outcome and by last status, and left out by reason."""

    def __init__(self) -> None:
        self.sent = 0
        self.attempts = 0
        self.ended: Counter[Outcome] = Counter()
        self.statuses: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
