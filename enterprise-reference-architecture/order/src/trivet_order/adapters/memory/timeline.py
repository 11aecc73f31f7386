"""The order timeline, from memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trivet_order.adapters.memory.store import MemoryStore
from trivet_order.application import TimelineEntry


class MemoryTimeline:
    """Implements ``TimelinePort``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def entries(self, order_id: UUID, after_version: int) -> Sequence[TimelineEntry]:
        """Return what happened after a version, in the order of versions, whatever is missing in between."""
        found = (entry for entry in self._store.timeline if entry.order_id == order_id)
        return sorted((entry for entry in found if entry.version > after_version), key=lambda entry: entry.version)
