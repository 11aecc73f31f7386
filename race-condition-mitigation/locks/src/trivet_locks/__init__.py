"""Redlock, fences and PostgreSQL advisory locks that say when they were lost."""

from trivet_locks.advisory import advisory_key, advisory_xact_lock, try_advisory_xact_lock
from trivet_locks.ballot import NodeAnswer, Outcome
from trivet_locks.connection import Connection, PsycopgConnection
from trivet_locks.errors import (
    AdvisoryBusy,
    LeaseLost,
    LockBusy,
    LockError,
    NodeError,
    NotAcquired,
    NotInTransaction,
    QuorumUnavailable,
    UnsafeFence,
)
from trivet_locks.fence import REGISTER_AT_READ, WRITE_IF_CURRENT, check_fence_sequence, draw_fence
from trivet_locks.handback import Freed, Release
from trivet_locks.lease import Lease
from trivet_locks.memory import MemoryNode
from trivet_locks.node import Node
from trivet_locks.redis_node import RedisNode
from trivet_locks.redlock import Redlock

__all__ = [
    "REGISTER_AT_READ",
    "WRITE_IF_CURRENT",
    "AdvisoryBusy",
    "Connection",
    "Freed",
    "Lease",
    "LeaseLost",
    "LockBusy",
    "LockError",
    "MemoryNode",
    "Node",
    "NodeAnswer",
    "NodeError",
    "NotAcquired",
    "NotInTransaction",
    "Outcome",
    "PsycopgConnection",
    "QuorumUnavailable",
    "RedisNode",
    "Redlock",
    "Release",
    "UnsafeFence",
    "advisory_key",
    "advisory_xact_lock",
    "check_fence_sequence",
    "draw_fence",
    "try_advisory_xact_lock",
]
