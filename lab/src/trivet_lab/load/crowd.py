"""Sends a crowd in open loop: each operation at its own instant, whatever became of those before it.

A closed loop waits for a stalled server and so omits exactly the requests that would have suffered
(coordinated omission, Gil Tene). Here nobody waits for an answer before the next is sent; only when every
connection is taken does an operation wait, and that wait is recorded as lateness and counted as latency.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from trivet_lab.evidence import Attempt, Operation
from trivet_lab.load.answer import classify
from trivet_lab.load.backoff import Backoff
from trivet_lab.load.client import Client, Reply
from trivet_lab.load.outcome import State, after, conclude, is_settled
from trivet_lab.load.plan import Plan
from trivet_lab.load.recorder import Recorder
from trivet_lab.load.schedule import Intent

_BURST = 32  # so many operations that are due at once are begun before the loop may send them


class Crowd:
    """Carries every operation to its own end, or to the crowd's.

    ``begin_ns`` is the instant on the history's clock from which due times count.
    """

    def __init__(self, plan: Plan, client: Client, recorder: Recorder, backoff: Backoff, begin_ns: int) -> None:
        self._client = client
        self._recorder = recorder
        self._backoff = backoff
        self._attempts_max = plan.attempts_max
        self._doubt_attempts_max = plan.doubt_attempts_max
        self._begin_ns = begin_ns
        self._begin_monotonic_ns = begin_ns + plan.epoch_ns
        self._places = asyncio.Semaphore(plan.connections_max)
        self._carried: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None
        self._over = False

    async def send(self, intents: Iterator[Intent]) -> None:
        """Begin every operation when it is due; returns when the last has begun. Cancel it to begin no more."""
        for number, intent in enumerate(intents, 1):
            while (early_ns := -self._late_ns(intent)) > 0:  # noqa: ASYNC110  - time itself is what is waited for
                await asyncio.sleep(early_ns / 1e9)
            self._recorder.began()
            task = asyncio.create_task(self._carry(intent))
            self._carried.add(task)
            task.add_done_callback(self._put_down)
            if number % _BURST == 0:
                await asyncio.sleep(0)

    async def drain(self, within_s: float) -> None:
        """Let operations come to their own end for so long; then end them all as they stand."""
        if self._carried:
            await asyncio.wait(self._carried, timeout=within_s)
        self._over = True
        remaining = set(self._carried)
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining)
        if self._defect is not None:
            raise self._defect

    async def stop(self, within_s: float) -> None:
        """Send nothing new, give what is on the wire so long to be answered, then end everything."""
        self._over = True
        await self.drain(within_s)

    def _late_ns(self, intent: Intent) -> int:
        return time.monotonic_ns() - self._begin_monotonic_ns - intent.due_ns

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._carried.discard(task)
        if task.cancelled():  # before its first step, so nothing was sent
            self._recorder.dropped()
        elif (defect := task.exception()) is not None:
            self._defect = self._defect or defect

    async def _carry(self, intent: Intent) -> None:
        state = State.FRESH
        attempts: list[Attempt] = []
        reply: Reply | None = None
        while not self._over and not is_settled(state) and len(attempts) < self._most(intent, state):
            try:
                if reply is not None:
                    await asyncio.sleep(self._backoff.wait_s(len(attempts), reply.retry_after_s))
                await self._places.acquire()
            except asyncio.CancelledError:
                break  # only the crowd's end cancels: the operation ends as it stands
            try:
                if self._over:
                    break
                if reply is None:
                    self._recorder.sent(self._late_ns(intent))
                reply = await self._client.attempt(intent, len(attempts) + 1)
            finally:
                self._places.release()
            attempts.append(reply.attempt)
            state = after(state, classify(reply.attempt.status, reply.attempt.code))
        if reply is None:
            self._recorder.dropped()
        else:
            self._end(intent, state, attempts, reply)

    def _most(self, intent: Intent, state: State) -> int:
        if intent.request.once:
            return 1
        return self._doubt_attempts_max if state is State.IN_DOUBT else self._attempts_max

    def _end(self, intent: Intent, state: State, attempts: list[Attempt], reply: Reply) -> None:
        outcome = conclude(state)
        operation = Operation(
            op=intent.op,
            client=intent.client,
            f=intent.request.f,
            args=intent.request.args,
            key=intent.key,
            outcome=outcome,
            value=None if outcome == "unknown" else reply.body,
            attempts=attempts,
        )
        self._recorder.ended(operation, self._begin_ns + intent.due_ns)
