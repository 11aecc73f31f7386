"""Settles together what arrives together: commands that queued while a transaction was flushing share the next one.

A transaction costs round trips, a flush of the log and a connection, whatever it moves, and those are most of what one
transfer costs. So nobody has a transaction of his own: a few lanes take whatever waits, up to ``batch_max``, and settle
it in one (flat combining: Hendler, Incze, Shavit and Tzafrir, *Flat Combining and the Synchronization-Parallelism
Tradeoff*, SPAA 2010; group commit). There is no timer: a command that finds a lane idle is settled alone, at once, and
batches grow only as lanes are busy.

Which race: none is decided here. Two lanes, or two replicas, exclude each other by the strategy, as two single
commands would; a command is answered after the COMMIT of its batch returned, and an unknown COMMIT makes its whole
batch unknown. If combining is lost, the wallet is slower.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from trivet_chassis import Answer, RequestInFlight, Unavailable
from trivet_wallet.errors import QueueIsFull
from trivet_wallet.services import Command
from trivet_wallet.teller import Call, Teller

_log = structlog.get_logger("trivet.combiner")


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: Call
    since_s: float
    future: Future[Answer] = field(default_factory=Future)


class Combiner:
    """A queue of commands, and lanes that settle it."""

    def __init__(self, teller: Teller, *, lanes: int, batch_max: int, queue_max: int, wait_ms: int) -> None:
        self._teller = teller
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._wait_s = wait_ms / 1000
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._lanes = [
            threading.Thread(target=self._run, name=f"lane-{number}", daemon=True) for number in range(lanes)
        ]
        for lane in self._lanes:
            lane.start()

    def submit(self, command: Command) -> Future[Answer]:
        """Put a command into the queue and return what will be its answer, or its refusal as an exception.

        Raises:
            QueueIsFull: As many as may wait are waiting; nothing happened.
        """
        waiting = _Waiting(Call(command, contextvars.copy_context()), time.monotonic())
        with self._changed:
            if len(self._queue) >= self._queue_max:
                raise QueueIsFull(f"{self._queue_max} requests are waiting already")
            self._queue.append(waiting)
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """Settle what is in the queue, and end the lanes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for lane in self._lanes:
            lane.join()

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._settle(batch)
            except BaseException as error:  # noqa: BLE001  - a lane outlives whatever breaks, and nobody waits for ever
                _log.exception("lane broke")
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_exception(error)

    def _take(self) -> list[_Waiting]:
        """Return what waits, or nothing once the combiner is closed and the queue empty."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]

    def _settle(self, batch: list[_Waiting]) -> None:
        in_time = []
        now_s = time.monotonic()
        names = set()
        for waiting in batch:
            if not waiting.future.set_running_or_notify_cancel():
                continue  # its caller went away before it was begun; from here on nobody can take an answer back
            if now_s - waiting.since_s > self._wait_s:
                sentence = f"the request was not begun within {self._wait_s * 1000:.0f} ms"
                waiting.future.set_exception(Unavailable(sentence, definite=True))
            elif waiting.call.name in names:  # its lock is this very transaction's, and would not keep the second out
                waiting.future.set_exception(RequestInFlight("another request with this key has not ended yet"))
            else:
                names.add(waiting.call.name)
                in_time.append(waiting)
        if not in_time:
            return
        for waiting, outcome in zip(in_time, self._teller.settle_each([each.call for each in in_time]), strict=True):
            if isinstance(outcome, Exception):
                waiting.future.set_exception(outcome)
            else:
                waiting.future.set_result(outcome)
