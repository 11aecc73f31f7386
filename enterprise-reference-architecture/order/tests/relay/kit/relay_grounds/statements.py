"""The statements that a topic must keep, read from the topic and the outbox alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from .topics import Record


def assert_kept(records: Sequence[Record], committed: dict[UUID, bytes]) -> None:
    """Fail unless each committed event is there, nothing else is, and each order's versions are gapless and grow.

    Args:
        records: what is in the topic, each partition in its order.
        committed: the body of each event that was committed.
    """
    once: set[UUID] = set()
    seen: dict[str, list[int]] = {}
    at: dict[str, set[int]] = {}
    for record in records:
        event = json.loads(record.value)
        event_id, order = UUID(event["event_id"]), event["aggregate_id"]
        assert committed.get(event_id) == record.value, f"{event} was never committed"
        assert record.key == order.encode()
        assert record.headers["event-id"] == event["event_id"].encode()
        assert record.headers["type"] == event["type"].encode()
        at.setdefault(order, set()).add(record.partition)
        if event_id not in once:
            once.add(event_id)
            seen.setdefault(order, []).append(event["aggregate_version"])
    for order, versions in seen.items():
        assert versions == list(range(1, len(versions) + 1)), f"{order}: {versions}"
        assert len(at[order]) == 1, f"{order} is in partitions {at[order]}"
    missing = set(committed) - once
    assert not missing, f"{len(missing)} of {len(committed)} committed events are not in the topic"
