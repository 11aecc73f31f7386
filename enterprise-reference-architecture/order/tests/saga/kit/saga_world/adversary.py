"""A network between a worker and a participant that keeps no promise, and owes nobody an answer.

It loses requests and answers, delivers twice, late and out of order; a request that is late may arrive after its order
has ended, and after its worker has died. All of it is drawn from one source of random numbers, so that a seed is a
schedule, and Hypothesis can be that source and make the schedule small.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from trivet_order.application.saga import Command, NoAnswer, ParticipantPort, Reply

UNKNOWN = NoAnswer("the line was cut")
TURNED_AWAY = NoAnswer("too many requests", definite=True, retry_after_s=0.5)


class Adversary:
    """What is done to all messages of a world; ``mischief`` is how often, until nothing more is done."""

    def __init__(self, random: Random, mischief: int = 60) -> None:
        self.random = random
        self.late: list[tuple[ParticipantPort, Command]] = []
        self.done: list[str] = []
        self._mischief = mischief

    def chance(self, percent: int, what: str) -> bool:
        """Return whether to do something now, as long as there is mischief left."""
        if self._mischief <= 0 or self.random.randint(1, 100) > percent:
            return False
        self._mischief -= 1
        self.done.append(what)
        return True

    async def deliver_some(self) -> None:
        """Deliver something that is late, now."""
        while self.late and self.random.randint(1, 3) == 1:
            await self._deliver(self.random.randrange(len(self.late)))

    async def deliver_all(self) -> None:
        """Deliver everything that is late, in any order."""
        while self.late:
            await self._deliver(self.random.randrange(len(self.late)))

    async def _deliver(self, number: int) -> None:
        participant, command = self.late.pop(number)
        await participant.send([command])


class AdverseParticipant:
    """A participant behind such a network."""

    def __init__(self, participant: ParticipantPort, adversary: Adversary) -> None:
        self._participant = participant
        self._adversary = adversary

    def ready_in_s(self) -> float:
        return 0.3 if self._adversary.chance(3, "not ready") else 0.0

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        chance, random = self._adversary.chance, self._adversary.random
        await self._adversary.deliver_some()
        if chance(5, "a whole batch turned away"):
            return [TURNED_AWAY] * len(commands)
        replies: list[Reply] = [UNKNOWN] * len(commands)
        numbers = list(range(len(commands)))
        if chance(30, "another order"):
            random.shuffle(numbers)
        for number in numbers:
            await self._dawdle()
            if chance(8, "a request lost"):
                continue
            if chance(10, "a request delayed"):
                self._adversary.late.append((self._participant, commands[number]))
                continue
            (reply,) = await self._participant.send([commands[number]])
            if chance(10, "a request doubled"):
                self._adversary.late.append((self._participant, commands[number]))
            if not chance(10, "an answer lost"):
                replies[number] = reply
        return replies

    async def _dawdle(self) -> None:
        for _ in range(self._adversary.random.randint(0, 2)):
            await asyncio.sleep(0)


Wrap = Callable[[ParticipantPort], ParticipantPort]
