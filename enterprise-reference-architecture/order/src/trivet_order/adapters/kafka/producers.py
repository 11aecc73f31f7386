"""Producers: how one is made, ended, and replaced when it has lost count."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # it has no types
from aiokafka.errors import KafkaError, ProducerClosed  # type: ignore[import-untyped]  # the same

from trivet_order.adapters.kafka.publisher import KafkaPublisher, nowhere
from trivet_order.application import Message
from trivet_order.application.relaying import Fate, SendOutcome

APPEND_BYTES_MAX = 256 * 1024
"""A broker's limit of an append is four times as much, unless it was changed."""

_END_DEADLINE_S = 1.0
_AWAY = (KafkaError, OSError, TimeoutError)


def make_producer(servers: Sequence[str], name: str, request_timeout_ms: int) -> AIOKafkaProducer:
    """Return an idempotent producer that waits for all replicas, not started."""
    return AIOKafkaProducer(
        bootstrap_servers=list(servers),
        client_id=name,
        enable_idempotence=True,
        acks="all",
        linger_ms=0,  # whoever sends has a whole batch already
        max_batch_size=APPEND_BYTES_MAX,
        request_timeout_ms=request_timeout_ms,
        retry_backoff_ms=50,
    )


class RenewingSender:
    """MessageSenderPort that makes a producer when it needs one, and another when that one is spent.

    Which race: an append of the producer before may still be on its way, and arrives behind what the new one sends.
    Why no guard: it is then a second copy of something that was sent again, or it is sent again behind it
    (``application/relaying/relay.py``).
    """

    def __init__(
        self,
        make: Callable[[], AIOKafkaProducer],
        topic: str,
        timeout_s: float,
        failpoint: Callable[[str], Awaitable[None]] = nowhere,
    ) -> None:
        """Make nothing yet.

        Args:
            make: makes a producer, not started, in a running event loop.
            topic: where to publish.
            timeout_s: how long a start or a call may take.
            failpoint: see KafkaPublisher.
        """
        self._make = make
        self._topic = topic
        self._timeout_s = timeout_s
        self._failpoint = failpoint
        self._current: tuple[AIOKafkaProducer, KafkaPublisher] | None = None
        self._making = asyncio.Lock()

    async def blocker(self) -> str | None:
        """Make a producer if there is none, and return what keeps one from being made; None if nothing."""
        try:
            await self._publisher()
        except _AWAY as error:
            return f"does not answer: {type(error).__name__}"
        return None

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        """See MessageSenderPort."""
        try:
            publisher = await self._publisher()
        except _AWAY as error:
            return [SendOutcome(Fate.HELD_BACK, f"{type(error).__name__}: {error}")] * len(messages)
        outcomes = await publisher.send(messages, alone)
        if publisher.is_spent:
            await self.close()
        return outcomes

    async def close(self) -> None:
        """End the producer; it has nothing to do any more, or what it still does is done again."""
        current, self._current = self._current, None
        if current is not None:
            await end_producer(current[0])

    async def _publisher(self) -> KafkaPublisher:
        async with self._making:  # who sends and who asks after its health may both find none
            if self._current is None:
                producer = self._make()
                try:
                    async with asyncio.timeout(self._timeout_s):
                        await producer.start()
                except BaseException:
                    await end_producer(producer)
                    raise
                self._current = (producer, KafkaPublisher(producer, self._topic, self._timeout_s, self._failpoint))
            return self._current[1]


async def end_producer(producer: AIOKafkaProducer) -> None:
    """End a producer whatever state it is in, without waiting for what it still wants to send.

    Its own ``stop`` waits for that, for ever if Kafka does not answer, since an idempotent producer never gives up.
    """
    producer._message_accumulator.fail_all(ProducerClosed())
    task = producer._sender.sender_task
    if task is not None:
        task.cancel()
    for ending in (producer.stop, producer.client.close):  # the first one may not come to closing the connections
        with contextlib.suppress(*_AWAY, asyncio.CancelledError):  # the task's cancellation may come out of it
            async with asyncio.timeout(_END_DEADLINE_S):
                await ending()
