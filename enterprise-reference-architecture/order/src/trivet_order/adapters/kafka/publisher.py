"""Publishes to one topic, in order, and says of each message what became of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # it has no types
from aiokafka.errors import (  # type: ignore[import-untyped]  # the same
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)

from trivet_order.adapters.kafka.partitioning import partition_of
from trivet_order.application import Message, tell
from trivet_order.application.relaying import Fate, SendOutcome
from trivet_order.domain import DomainEvent, OrderError, OrderEvent

TOPIC = "order.events"
SEND_TIMEOUT_S = 2.5
# What a broker says of messages that it will never take. Of every other error it is not known what an earlier attempt
# of the producer did: it repeats by itself what it had no answer to.
_REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, UnsupportedForMessageFormatError)
_ACKNOWLEDGED = SendOutcome(Fate.ACKNOWLEDGED)
_HELD_BACK = SendOutcome(Fate.HELD_BACK)


class NotPublished(OrderError):
    """Not every event was acknowledged; ``definite`` says that certainly none of them is in the topic."""

    code = "unavailable"
    retryable = True

    def __init__(self, sentence: str, *, definite: bool) -> None:
        super().__init__(sentence)
        self.definite = definite


async def nowhere(_: str) -> None:
    """Be at no failpoint."""


class KafkaPublisher:
    """EventPublisherPort and MessageSenderPort over one producer, which is started and idempotent.

    What is for one partition goes in appends, each a record batch that the broker takes whole or not at all, and one
    after the other: the next one is handed over when the one before was acknowledged. So nothing of a partition
    overtakes anything, whatever the producer repeats and however many of its requests are in flight, and a message
    that is refused holds back what comes behind it.

    The producer numbers its appends, and is of no use any more once one of them has failed: Kafka then misses a number
    and refuses all that follow. ``is_spent`` says so; whoever made the producer makes another.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        topic: str = TOPIC,
        timeout_s: float = SEND_TIMEOUT_S,
        failpoint: Callable[[str], Awaitable[None]] = nowhere,
    ) -> None:
        """Publish by a producer.

        Args:
            producer: it is started, with ``acks="all"``, and nobody else sends by it.
            topic: where to publish.
            timeout_s: how long one call may take; then what was not acknowledged is unknown.
            failpoint: is awaited when the first appends are with the producer.
        """
        self._producer = producer
        self._topic = topic
        self._timeout_s = timeout_s
        self._failpoint = failpoint
        self.is_spent = False

    async def publish(self, events: Sequence[DomainEvent]) -> None:
        """Publish events now, and return when each is acknowledged.

        Raises:
            NotPublished: one was not, certainly or perhaps.
        """
        messages = [tell(event) for event in events if isinstance(event, OrderEvent)]
        outcomes = await self.send(messages)
        failed = [outcome for outcome in outcomes if outcome.fate is not Fate.ACKNOWLEDGED]
        if failed:
            errors = ", ".join(sorted({outcome.error for outcome in failed if outcome.error}))
            definite = len(failed) == len(outcomes) and all(outcome.definite for outcome in failed)
            raise NotPublished(f"{len(failed)} of {len(outcomes)} events: {errors}", definite=definite)

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        """See MessageSenderPort."""
        try:
            async with asyncio.timeout(self._timeout_s):
                partitions = len(await self._producer.partitions_for(self._topic))
        except (KafkaError, OSError, TimeoutError) as error:
            self.is_spent = True
            return [SendOutcome(Fate.HELD_BACK, _sentence(error))] * len(messages)
        queues = _queues(messages, partitions)
        outcomes = [_HELD_BACK] * len(messages)
        give_up_at = asyncio.get_running_loop().time() + self._timeout_s
        while queues and (left_s := give_up_at - asyncio.get_running_loop().time()) > 0:
            appends = {
                partition: await self._hand_over(partition, queue, messages, alone)
                for partition, queue in queues.items()
            }
            failpoint = self._failpoint
            await failpoint("order.relay.after_send")
            await asyncio.wait([future for future, _ in appends.values()], timeout=left_s)
            for partition, (future, sent) in appends.items():
                outcome = _outcome(future, self._timeout_s)
                for index in sent:
                    outcomes[index] = outcome
                if outcome.fate is not Fate.ACKNOWLEDGED:
                    self.is_spent = True
                    queues[partition].clear()
            queues = {partition: queue for partition, queue in queues.items() if queue}
        return outcomes

    async def _hand_over(
        self, partition: int, queue: deque[int], messages: Sequence[Message], alone: Collection[UUID]
    ) -> tuple[asyncio.Future[Any], list[int]]:
        """Make one append of what comes first in a queue, and hand it to the producer."""
        append = self._producer.create_batch()
        taken: list[int] = []
        while queue:
            message = messages[queue[0]]
            is_alone = message.aggregate_id in alone
            if is_alone and taken:
                break
            key = str(message.aggregate_id).encode()
            if append.append(timestamp=None, key=key, value=message.body, headers=_headers(message)) is None:
                break
            taken.append(queue.popleft())
            if is_alone:
                break
        append.close()
        try:
            future = await self._producer.send_batch(append, self._topic, partition=partition)
        except (KafkaError, OSError, TimeoutError) as error:
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        future.add_done_callback(_hear)
        return future, taken


def _queues(messages: Sequence[Message], partitions: int) -> dict[int, deque[int]]:
    """Return the indices of the messages, by partition and in their order."""
    known: dict[UUID, int] = {}
    queues: dict[int, deque[int]] = {}
    for index, message in enumerate(messages):
        partition = known.get(message.aggregate_id)
        if partition is None:
            key = str(message.aggregate_id).encode()
            partition = known[message.aggregate_id] = partition_of(key, partitions)
        queues.setdefault(partition, deque()).append(index)
    return queues


def _headers(message: Message) -> list[tuple[str, bytes]]:
    headers = [("event-id", str(message.event_id).encode()), ("type", message.type.encode())]
    if message.traceparent is not None:
        headers.append(("traceparent", message.traceparent.encode()))
    return headers


def _outcome(future: asyncio.Future[Any], timeout_s: float) -> SendOutcome:
    if not future.done():
        return SendOutcome(Fate.FAILED, f"no acknowledgement within {timeout_s:g} s", definite=False)
    error = future.exception()
    if error is None:
        return _ACKNOWLEDGED
    return SendOutcome(Fate.FAILED, _sentence(error), definite=isinstance(error, _REFUSALS))


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _hear(future: asyncio.Future[Any]) -> None:
    """Hear how an append ended that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
