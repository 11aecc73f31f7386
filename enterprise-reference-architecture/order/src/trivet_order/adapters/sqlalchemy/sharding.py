"""Which shard an order's events belong to: all of one order's to one, for one relay at a time to publish in order."""

from __future__ import annotations

from uuid import UUID
from zlib import crc32

SHARDS = 16
"""How many there are; the migration makes a lease for each, so another number is another migration."""


def shard_of(aggregate_id: UUID) -> int:
    """Return the shard of an order, 0 to ``SHARDS`` - 1: the same in every process and for ever."""
    return crc32(aggregate_id.bytes) % SHARDS
