"""Every port in memory, with the transactions that a database would have: for tests, and to read first."""

from .clock import HandClock
from .keys import MemoryKeys
from .projections import MemoryProjections
from .publisher import MemoryPublisher
from .queries import MemoryQueries
from .record_stream import MemoryRecordStream, MemoryTopic
from .repository import MemoryRepository
from .store import MemoryStore
from .timeline import MemoryTimeline
from .transaction import Transaction
from .unit_of_work import MemoryUnitOfWork, MemoryUnitsOfWork

__all__ = [
    "HandClock",
    "MemoryKeys",
    "MemoryProjections",
    "MemoryPublisher",
    "MemoryQueries",
    "MemoryRecordStream",
    "MemoryRepository",
    "MemoryStore",
    "MemoryTimeline",
    "MemoryTopic",
    "MemoryUnitOfWork",
    "MemoryUnitsOfWork",
    "Transaction",
]
