"""Settles together what arrives together: commands that queued while a transaction was flushing share the next one.

A transaction costs round trips, a flush of the log and a connection, whatever it moves, and those are most of what one
transfer costs. So nobody has a transaction of his own: a few lanes take whatever waits, up to ``batch_max``, and settle
it in one (flat combining: Hendler, Incze, Shavit and Tzafrir, *Flat Combining and the Synchronization-Parallelism
Tradeoff*, SPAA 2010; group commit). Nobody waits for a batch to fill: a command that finds all lanes idle is settled at
once, with those that the same round of the event loop brought, and batches grow only while a lane is at work.

One lane at a time is enough as long as it moves: what waits meanwhile shares the next transaction, which is cheaper
than a second one beside it. Another lane begins only when those at work have been at it for longer than the patience: a
batch that waits for a row somebody holds does not keep strangers waiting with it.

Lanes are told at the end of a round, not at each command: those who were answered together ask again together, and a
lane that ran off with the first of them would leave the others to wait for its flush.

Which race: none is decided here. Two lanes, or two replicas, exclude each other by the strategy, as two single
commands would; a command is answered after the COMMIT of its batch returned, and an unknown COMMIT makes its whole
batch unknown. If combining is lost, the wallet is slower.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from trivet_chassis import Answer, QueueIsFull, RequestInFlight, Unavailable
from trivet_wallet.keys import Name
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

    def __init__(
        self,
        teller: Teller,
        soon: Callable[[Callable[[], object]], object],
        *,
        lanes: int,
        patience_ms: int,
        batch_max: int,
        queue_max: int,
        wait_ms: int,
    ) -> None:
        """Start the lanes.

        Args:
            teller: Settles what they take.
            soon: Calls a function later in the thread that submits: once what came along with a command is there too.
            lanes: How many transactions may be under way at once.
            patience_ms: How long those at work may take before another lane begins.
            batch_max: How many commands may share one.
            queue_max: How many commands may wait.
            wait_ms: How long each of them may wait.
        """
        self._teller = teller
        self._soon = soon
        self._patience_s = patience_ms / 1000
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._wait_s = wait_ms / 1000
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._is_told = True
        self._begun_s: dict[int, float] = {}  # when each lane at work took its batch
        self._is_watched = False  # a lane waits for its turn by the clock, and need not be told
        self._lanes = [
            threading.Thread(target=self._run, args=(number,), name=f"lane-{number}", daemon=True)
            for number in range(lanes)
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
            was_told, self._is_told = self._is_told, False
        if was_told:
            self._soon(self._tell)
        return waiting.future

    def _tell(self) -> None:
        """Wake as many lanes as there are batches."""
        with self._changed:
            self._is_told = True
            if not (self._is_watched and self._must_wait_s() > 0):
                self._changed.notify(-(-len(self._queue) // self._batch_max))

    def close(self) -> None:
        """Settle what is in the queue, and end the lanes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for lane in self._lanes:
            lane.join()

    def _run(self, lane: int) -> None:
        while batch := self._take(lane):
            try:
                self._settle(batch)
            except BaseException as error:  # noqa: BLE001  - a lane outlives whatever breaks, and nobody waits for ever
                _log.exception("lane broke")
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_exception(error)

    def _take(self, lane: int) -> list[_Waiting]:
        """Return what waits, or nothing once the combiner is closed and the queue empty."""
        with self._changed:
            self._begun_s.pop(lane, None)
            while not self._closed:
                if not self._queue:
                    self._changed.wait()
                elif (must_wait_s := self._must_wait_s()) > 0:
                    self._is_watched = True
                    self._changed.wait(must_wait_s)
                    self._is_watched = False
                else:
                    break
            self._begun_s[lane] = time.monotonic()
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]

    def _must_wait_s(self) -> float:
        """Return how long the lanes at work may still take before another begins; 0 or less if one may."""
        full = len(self._queue) >= self._batch_max
        return 0.0 if full or not self._begun_s else max(self._begun_s.values()) + self._patience_s - time.monotonic()

    def _settle(self, batch: list[_Waiting]) -> None:
        in_time: dict[Name, _Waiting] = {}
        now_s = time.monotonic()
        for waiting in batch:
            if not waiting.future.set_running_or_notify_cancel():
                continue  # its caller went away before it was begun; from here on nobody can take an answer back
            if now_s - waiting.since_s > self._wait_s:
                sentence = f"the request was not begun within {self._wait_s * 1000:.0f} ms"
                waiting.future.set_exception(Unavailable(sentence, definite=True))
            elif waiting.call.name in in_time:  # its lock is this very transaction's, and would not keep the second out
                waiting.future.set_exception(RequestInFlight("another request with this key has not ended yet"))
            else:
                in_time[waiting.call.name] = waiting
        if not in_time:
            return
        for call, outcome in self._teller.settle_each([each.call for each in in_time.values()]):
            future = in_time[call.name].future
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
