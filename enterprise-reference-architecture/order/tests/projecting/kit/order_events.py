"""Events of orders that really went that way, and records that no event ever made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID
from zlib import crc32

from trivet_order.application.messages import Message, tell
from trivet_order.application.projecting import Place, Record
from trivet_order.application.views import TimelineEntry
from trivet_order.domain import Money, OrderAggregate, OrderEvent, Seat, Stock

TOPIC = "order.events"
PARTITIONS = 3
POISONS: tuple[bytes | None, ...] = (
    None,
    b"",
    b"no JSON",
    b"[]",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"event_id": 5}',
    b'{"aggregate_version": 1e400}',
    b"x" * (300 * 1024),
)
"""No messages, each for a reason of its own."""

_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311  - a schedule that can be drawn again is the purpose


def order_id(number: int) -> UUID:
    return UUID(int=(0x0190 << 112) | (7 << 76) | (2 << 62) | number)


def history(number: int, steps: int) -> list[Message]:
    """Return what one order of so many steps told."""
    order = OrderAggregate(order_id(number), customer_id="ada", account_id="ada-1")
    order.add_item(Stock(f"item-{number}"), 2)
    order.add_item(Seat("hamlet", f"hold-{number}", "secret"), 1)
    prices = (Money(500, "EUR"), Money(2500, "EUR"))
    walk = (order.place, order.begin, lambda: order.mark_reserved(prices), order.request_payment, order.mark_paid)
    for step in walk[:steps]:
        step()
    told = []
    for place, event in enumerate(order.pull_events(_AT)):
        assert isinstance(event, OrderEvent)
        told.append(tell(_moved(event, place)))
    return told


def _moved(event: OrderEvent, seconds: int) -> OrderEvent:
    object.__setattr__(event, "occurred_on", _AT + timedelta(seconds=seconds))
    return event


def histories(random: Random, orders: int) -> list[Message]:
    """Return what several orders told, interleaved, each one's in its order."""
    waiting = [history(number, random.randint(1, 5)) for number in range(orders)]
    told = []
    while waiting := [one for one in waiting if one]:
        told.append(random.choice(waiting).pop(0))
    return told


def partition_of(message: Message, partitions: int = PARTITIONS) -> int:
    return crc32(message.aggregate_id.bytes) % partitions


def record_of(partition: int, offset: int, value: bytes | None, key: bytes | None = None) -> Record:
    return Record(Place(TOPIC, partition, offset), key, value)


def topic_of(random: Random, messages: Iterable[Message], poisons: Sequence[bytes | None] = ()) -> list[Record]:
    """Return the records of a topic that has these, with poison anywhere between them."""
    values: list[tuple[int, bytes | None]] = [(partition_of(message), message.body) for message in messages]
    for poison in poisons:
        values.insert(random.randint(0, len(values)), (random.randrange(PARTITIONS), poison))
    offsets: Counter[int] = Counter()
    records = []
    for partition, value in values:
        records.append(record_of(partition, offsets[partition], value))
        offsets[partition] += 1
    return records


def told(messages: Iterable[Message]) -> Counter[tuple[UUID, UUID, int, str]]:
    """Return what a timeline of these events has to have."""
    return Counter(
        (message.event_id, message.aggregate_id, message.aggregate_version, message.type) for message in messages
    )


def written(entries: Iterable[TimelineEntry]) -> Counter[tuple[UUID, UUID, int, str]]:
    """Return what a timeline has, in the same words."""
    return Counter((entry.event_id, entry.order_id, entry.version, entry.type) for entry in entries)
