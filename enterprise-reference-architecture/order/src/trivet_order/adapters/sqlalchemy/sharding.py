"""Which shard an order belongs to, its events and its checkout: one relay and one worker at a time have it."""

from __future__ import annotations

from uuid import UUID
from zlib import crc32

SHARDS = 16
"""How many there are; the migrations make leases for each, so another number is another migration."""


def shard_of(aggregate_id: UUID) -> int:
    """Return the shard of an order, 0 to ``SHARDS`` - 1: the same in every process and for ever."""
    return crc32(aggregate_id.bytes) % SHARDS
