"""Sends a crowd in open loop: each operation at its own instant, whatever became of those before it.

A closed loop waits for a stalled server and so omits exactly the requests that would have suffered
(coordinated omission, Gil Tene). Here nobody waits for an answer before the next is sent; only when every
connection is taken does an operation wait, and that wait is recorded as lateness and counted as latency. What needs
an earlier answer is due when that answer has come (``given.py``), and is left out if it never brings what is needed.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterator, Sequence

from trivet_lab.evidence import Outcome
from trivet_lab.load.backoff import Backoff
from trivet_lab.load.client import Client
from trivet_lab.load.course import Course, Part, requests_of
from trivet_lab.load.given import Brought, Given, equipped, needed_by
from trivet_lab.load.plan import Plan
from trivet_lab.load.recorder import Recorder
from trivet_lab.load.reply import Reply
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
        self._given = Given()
        self._places = asyncio.Semaphore(plan.connections_max)
        self._carried: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None
        self._over = False

    async def send(self, intents: Iterator[Intent]) -> None:
        """Begin every operation when it is due; returns when the last has begun. Cancel it to begin no more."""
        for number, intent in enumerate(intents, 1):
            while (early_ns := intent.due_ns - self._now_ns()) > 0:  # noqa: ASYNC110  - time itself is what is waited for
                await asyncio.sleep(early_ns / 1e9)
            for _ in requests_of(intent):
                self._recorder.began()
            task = asyncio.create_task(self._carry(intent))
            self._carried.add(task)
            task.add_done_callback(functools.partial(self._put_down, intent))
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

    def _now_ns(self) -> int:
        """Return the time since the crowd began."""
        return time.monotonic_ns() - self._begin_monotonic_ns

    def _put_down(self, intent: Intent, task: asyncio.Task[None]) -> None:
        self._carried.discard(task)
        if task.cancelled():  # before its first step, so nothing was sent
            for _ in requests_of(intent):
                self._recorder.dropped()
        elif (defect := task.exception()) is not None:
            self._defect = self._defect or defect

    async def _carry(self, intent: Intent) -> None:
        course = Course(intent, self._attempts_max, self._doubt_attempts_max)
        try:
            due_ns = await self._equip(course, intent.due_ns)
        except asyncio.CancelledError:  # the crowd is over, and the answer that is needed did not come
            self._leave_out(course, course.parts, "unanswered")
            return
        reply: Reply | None = None
        number = 0
        while not self._over and (pending := course.pending()):
            try:
                if reply is not None:
                    await asyncio.sleep(self._backoff.wait_s(number, reply.retry_after_s))
                await self._places.acquire()
            except asyncio.CancelledError:
                break  # only the crowd's end cancels: the operation ends as it stands
            try:
                if self._over:
                    break
                if reply is None:
                    late_ns = self._now_ns() - due_ns
                    for _ in pending:
                        self._recorder.sent(late_ns)
                number += 1
                reply = await self._client.attempt(course.next(pending), number)
            finally:
                self._places.release()
            course.take(pending, reply)
        self._end(course, due_ns)

    async def _equip(self, course: Course, due_ns: int) -> int:
        """Give each part the token or id that it needs, and return when all is due: as planned, or once that is known.

        A part that waits for what was not done is left out: there is nothing that it could ask for.
        """
        for part in list(course.parts):
            brought: list[Brought] = []
            for needed in needed_by(part.request):
                was_told = self._given.is_told(needed)
                found = await self._given.brought(needed)
                if not was_told:
                    due_ns = max(due_ns, self._now_ns())
                if found is None:
                    self._leave_out(course, [part], "refused")
                    break
                brought.append(found)
            else:
                part.request = equipped(part.request, brought)
        return due_ns

    def _leave_out(self, course: Course, parts: Sequence[Part], reason: str) -> None:
        for part in list(parts):
            course.leave_out(part)
            self._recorder.left_out(reason)
            self._tell(part, None)

    def _end(self, course: Course, due_ns: int) -> None:
        for part in course.parts:
            if not part.attempts:
                self._recorder.dropped()
                self._tell(part, None)
        for part, operation in course.operations():
            self._tell(part, operation.outcome)
            self._recorder.ended(operation, self._begin_ns + due_ns)

    def _tell(self, part: Part, outcome: Outcome | None) -> None:
        if part.request.gives:
            self._given.tell(part.request, outcome, part.body)
