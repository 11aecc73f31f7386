"""The topic's records, as one member of a consumer group gets them: offsets are committed by hand, after the effect.

aiokafka's own behaviour, which what is here builds on: a rebalance waits for ``on_partitions_revoked`` while
heartbeats go on; ``getmany`` returns nothing of partitions that are being given up; a commit by a member that was
excluded fails; ``seek`` drops what was fetched ahead. Every assignment takes all partitions away first, and begins at
their committed offsets again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import (  # type: ignore[import-untyped]  # aiokafka ships no types
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # the same

from trivet_chassis import failpoint
from trivet_order.application.projecting import Place, Record, StreamUnavailable

_CLOSE_DEADLINE_S = 5.0
_log = structlog.get_logger("trivet.kafka")


@dataclass(frozen=True, kw_only=True)
class Membership:
    """Which topic, for which group, and how long and how much at once.

    ``poll_ms`` is how long a take waits for a record. ``request_timeout_ms`` is how long an answer is waited for.
    """

    servers: Sequence[str]
    topic: str
    group: str
    batch_max: int
    session_timeout_ms: int
    request_timeout_ms: int
    poll_ms: int = 500


@dataclass(frozen=True)
class _Hand:
    """What was taken of which partition, under which assignment: from where, and up to where."""

    term: int
    first: Mapping[TopicPartition, int]
    end: Mapping[TopicPartition, int]


class KafkaRecordStream(ConsumerRebalanceListener):  # type: ignore[misc]  # the same
    """One member of the group.

    Which race: partitions are to be given to another member while records of them are in hand. Why this guard: giving
    them up waits until the batch has ended, for half of a session at most. After that the batch is dropped: its effect
    may still come, its offsets are not committed, and the next owner takes it again, which the inbox bears. If the
    guard were lost, every rebalance would do some batches twice; if dropping were, one stuck batch would cost this
    member its place, and the group all of its partitions for as long.
    """

    def __init__(self, membership: Membership) -> None:
        """Connect to nothing yet: the first ``take`` does."""
        self._membership = membership
        self._consumer: AIOKafkaConsumer | None = None
        self._spoilt = False
        self._hand: _Hand | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._assigned = asyncio.Event()
        self._term = 0

    async def take(self) -> Sequence[Record]:
        """Return the next records, none if nothing arrives for a while or no partition is this member's now.

        Raises:
            StreamUnavailable: Kafka does not answer, or the membership has ended and must begin anew.
        """
        consumer = await self._join()
        poll_ms = self._membership.poll_ms
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._assigned.wait(), poll_ms / 1000)
        if not self._assigned.is_set():
            return ()
        try:
            taken = await consumer.getmany(timeout_ms=poll_ms, max_records=self._membership.batch_max)
        except KafkaError as error:
            self._spoilt = True
            raise StreamUnavailable(f"the group's coordination failed: {error}") from error
        if not taken:
            return ()
        # From here to the end of the batch there is no await between what was taken and the note of it.
        self._hand = _Hand(
            self._term,
            {partition: records[0].offset for partition, records in taken.items()},
            {partition: records[-1].offset + 1 for partition, records in taken.items()},
        )
        self._empty.clear()
        try:
            await failpoint("order.projector.after_poll")
        except BaseException:
            self.take_back()
            raise
        return [_record(record) for records in taken.values() for record in records]

    async def settle(self) -> None:
        """Commit the offsets of what is in hand; if that fails it comes again, and the inbox knows it."""
        hand, consumer = self._hand, self._consumer
        try:
            if hand is not None and consumer is not None and hand.term == self._term:
                async with asyncio.timeout(self._membership.request_timeout_ms / 1000):
                    await consumer.commit(dict(hand.end))
        except (KafkaError, TimeoutError) as error:
            _log.warning("offsets not committed", error=repr(error))
        finally:
            self._let_go()
        await failpoint("order.projector.after_offsets")

    def take_back(self) -> None:
        """Have what is in hand given again: by this member, or by whoever has its partitions now."""
        hand, consumer = self._hand, self._consumer
        self._let_go()
        if hand is None or consumer is None or hand.term != self._term:
            return
        try:
            for partition, offset in hand.first.items():
                consumer.seek(partition, offset)
        except KafkaError as error:
            # A position that stays behind the batch would lose it: a new membership begins at what was committed.
            _log.warning("could not seek back", error=repr(error))
            self._spoilt = True

    async def close(self) -> None:
        """Leave the group, so that others need not wait for the session's end."""
        consumer, self._consumer = self._consumer, None
        self._assigned.clear()
        self._let_go()
        self._spoilt = False
        if consumer is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_DEADLINE_S):
                await consumer.stop()
        except (KafkaError, TimeoutError) as error:
            _log.warning("left without a word", error=repr(error))

    async def blocker(self) -> str | None:
        """Return what keeps records from arriving, None if nothing."""
        consumer = self._consumer
        if consumer is None:
            return "is not connected"
        try:
            await consumer.topics()
        except KafkaError as error:
            return f"does not answer: {error!r}"
        return None if self._assigned.is_set() else "the group has not given out its partitions yet"

    async def lag(self) -> Mapping[int, int]:
        """Return how many records of each of this member's partitions were not taken yet."""
        consumer = self._consumer
        if consumer is None or not self._assigned.is_set():
            return {}
        try:
            async with asyncio.timeout(self._membership.request_timeout_ms / 1000):
                partitions = consumer.assignment()
                ends = await consumer.end_offsets(partitions)
                return {each.partition: ends[each] - await consumer.position(each) for each in partitions}
        except (KafkaError, TimeoutError):
            return {}

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Give partitions up once nothing is in hand, or drop what is."""
        self._assigned.clear()
        try:
            async with asyncio.timeout(self._membership.session_timeout_ms / 2000):
                await self._empty.wait()
        except TimeoutError:
            _log.warning("batch dropped", partitions=len(revoked))
        self._term += 1

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Go on with these."""
        _log.info("partitions assigned", partitions=sorted(each.partition for each in assigned))
        self._term += 1
        self._assigned.set()

    def _let_go(self) -> None:
        self._hand = None
        self._empty.set()

    async def _join(self) -> AIOKafkaConsumer:
        if self._spoilt:
            await self.close()
        if self._consumer is None:
            self._consumer = await self._new_member()
        return self._consumer

    async def _new_member(self) -> AIOKafkaConsumer:
        asked = self._membership
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(asked.servers),
            group_id=asked.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=asked.session_timeout_ms,
            heartbeat_interval_ms=max(asked.session_timeout_ms // 5, 100),
            # A join is answered when every member has joined, so its answer may take as long as a session.
            request_timeout_ms=asked.request_timeout_ms + asked.session_timeout_ms,
            metadata_max_age_ms=30_000,
        )
        consumer.subscribe([asked.topic], listener=self)
        try:
            await consumer.start()
        except BaseException as error:
            await consumer.stop()
            if isinstance(error, KafkaError):
                raise StreamUnavailable(f"Kafka does not answer: {error!r}") from error
            raise
        return consumer


def _record(found: ConsumerRecord) -> Record:
    return Record(Place(found.topic, found.partition, found.offset), found.key, found.value, tuple(found.headers))
