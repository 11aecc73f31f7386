"""The way to one participant: what is asked of it waits while calls are in flight, and goes together with the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import islice
from typing import Any, NamedTuple

from trivet_order.application.saga.commands import Command
from trivet_order.application.saga.hand import InHand
from trivet_order.application.saga.ports import ParticipantPort
from trivet_order.application.saga.replies import NoAnswer, Reply

Spawn = Callable[[Coroutine[Any, Any, None]], object]
Failpoint = Callable[[str], Awaitable[None]]


class Asked(NamedTuple):
    """A command of a saga in hand, which is the so-many-th of its step."""

    each: InHand
    number: int
    command: Command


Heard = Callable[[Sequence[Asked], Sequence[Reply]], None]


class Lane:
    """Sends commands of many sagas in batches that grow by themselves; no timer fills one.

    Args:
        participant: who is asked.
        spawn: starts a call beside whatever else is done.
        heard: is told the replies of a call.
        failpoint: is awaited between the effects of a call.
        batch: as many commands at most in one call.
        calls_max: as many calls at most at the same time.
    """

    def __init__(
        self,
        participant: ParticipantPort,
        spawn: Spawn,
        heard: Heard,
        failpoint: Failpoint,
        batch: int,
        calls_max: int,
    ) -> None:
        self._participant = participant
        self._spawn = spawn
        self._heard = heard
        self._failpoint = failpoint
        self._batch = batch
        self._calls_max = calls_max
        self._waiting: deque[Asked] = deque()
        self._calls = 0
        self._starting = 0

    def put(self, asked: Asked) -> None:
        """Have a command sent: at once if no call is in flight, else with the next ones."""
        self._waiting.append(asked)
        if self._calls < self._calls_max and len(self._waiting) > self._starting * self._batch:
            self._calls += 1
            self._starting += 1
            self._spawn(self._call())

    def clear(self) -> None:
        """Forget what was not sent."""
        self._waiting.clear()

    async def _call(self) -> None:
        """Call until nothing waits any more."""
        self._starting -= 1
        try:
            while self._waiting:
                after_s = self._participant.ready_in_s()
                if after_s > 0:
                    self._put_off(after_s)
                    return
                asked = self._next()
                if not asked:
                    continue
                await self._failpoint("order.saga.before_send")
                replies = await self._participant.send([each.command for each in asked])
                await self._failpoint("order.saga.after_reply")
                self._heard(asked, replies)
        finally:
            self._calls -= 1

    def _next(self) -> list[Asked]:
        asked = list(islice(self._waiting, self._batch))
        if len(asked) == len(self._waiting):
            self._waiting.clear()
        else:
            for _ in asked:
                self._waiting.popleft()
        return [each for each in asked if each.each.is_held]

    def _put_off(self, after_s: float) -> None:
        """Answer for a participant that is not to be asked now: what waits for it makes room for other sagas."""
        asked = [each for each in self._waiting if each.each.is_held]
        self._waiting.clear()
        reply = NoAnswer("it was not asked, for it has failed again and again", definite=True, retry_after_s=after_s)
        self._heard(asked, [reply] * len(asked))
