"""Where relays are tried: outboxes in memory and in PostgreSQL, real topics and processes, and what must be kept."""

from .ground import Ground, MemoryGround, SqlGround, database_of, told
from .shop import Shop
from .statements import assert_kept
from .topics import Record, records_of

__all__ = ["Ground", "MemoryGround", "Record", "Shop", "SqlGround", "assert_kept", "database_of", "records_of", "told"]
