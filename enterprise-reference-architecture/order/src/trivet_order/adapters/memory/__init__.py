"""Every port in memory, with the transactions that a database would have: for tests, and to read first."""

from .clock import HandClock
from .keys import MemoryKeys
from .participants import MemoryInventory, MemoryParticipants, MemorySeats, MemoryWallet
from .projections import MemoryProjections
from .publisher import MemoryPublisher
from .queries import MemoryQueries
from .record_stream import MemoryRecordStream, MemoryTopic
from .repository import MemoryRepository
from .sagas import MemorySagaStore
from .shard_leases import LeaseTable, MemoryShardLeases
from .store import MemoryStore
from .timeline import MemoryTimeline
from .transaction import Transaction
from .unit_of_work import MemoryUnitOfWork, MemoryUnitsOfWork

__all__ = [
    "HandClock",
    "LeaseTable",
    "MemoryInventory",
    "MemoryKeys",
    "MemoryParticipants",
    "MemoryProjections",
    "MemoryPublisher",
    "MemoryQueries",
    "MemoryRecordStream",
    "MemoryRepository",
    "MemorySagaStore",
    "MemorySeats",
    "MemoryShardLeases",
    "MemoryStore",
    "MemoryTimeline",
    "MemoryTopic",
    "MemoryUnitOfWork",
    "MemoryUnitsOfWork",
    "MemoryWallet",
    "Transaction",
]
