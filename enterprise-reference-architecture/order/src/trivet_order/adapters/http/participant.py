"""What all three participants are: commands become entries, and what their entries were told becomes a reply."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from trivet_order.adapters.http.answers import Answered, Unreadable
from trivet_order.adapters.http.batches import Batches, Entry
from trivet_order.adapters.http.circuit import Circuit
from trivet_order.adapters.http.client import Client
from trivet_order.application.saga import Command, NoAnswer, Reply


class Participant(ABC):
    """ParticipantPort, over a service's route for batches."""

    ROUTE: ClassVar[str]
    NAMED_BY: ClassVar[str]
    """What names an entry there and in its answer."""

    def __init__(self, client: Client, url: str, circuit: Circuit, *, deadline_s: float) -> None:
        """Make one that asks the service at this URL, and waits so long for all that becomes of one call."""
        route = url.rstrip("/") + self.ROUTE
        self._batches = Batches(client, route, self.NAMED_BY, circuit, deadline_s=deadline_s)

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Send commands of many orders at once; return a reply for each, in their order. It raises nothing."""
        told = await self._batches.ask([self.entries_of(command) for command in commands])
        return [self._reply(command, each) for command, each in zip(commands, told, strict=True)]

    def ready_in_s(self) -> float:
        """Return how long to wait before sending anything at all."""
        return self._batches.ready_in_s()

    def _reply(self, command: Command, told: Sequence[Answered]) -> Reply:
        try:
            return self.reply_to(command, told) if told else self.unasked(command)
        except Unreadable as error:
            return NoAnswer(f"an answer that is none: {error}")

    @abstractmethod
    def entries_of(self, command: Command) -> Sequence[Entry]:
        """Return what of a batch a command is; nothing, if nobody is to be asked.

        Raises:
            TypeError: it is another participant's.
        """

    @abstractmethod
    def reply_to(self, command: Command, told: Sequence[Answered]) -> Reply:
        """Return what a command's entries were told, one at least, as one reply.

        Raises:
            Unreadable: what they were told is not what was agreed.
        """

    def unasked(self, command: Command) -> Reply:
        """Return the reply to a command for which nobody is asked."""
        raise anothers(command)


def anothers(command: Command) -> TypeError:
    """Return the defect of a command that was sent to the wrong participant."""
    return TypeError(f"{type(command).__name__} is another participant's")
