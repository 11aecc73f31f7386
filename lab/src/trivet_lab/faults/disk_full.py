"""No space left on device: what a log that nobody rotates, or a replication slot that nobody reads, ends in."""

from __future__ import annotations

from typing import ClassVar

import psycopg

from trivet_lab.faults._fault import Fault, FaultError, Seen
from trivet_platform import BoundedDisk, Conditions, Postgres, bounded_disk_blocker

DISK_BYTES = 320 << 20
"""A fresh cluster takes 40 MB, each database 8 MB and its log as much again; what is left is filled with ballast."""
_PAGE_BYTES = 8192
_TIMEOUT_S = 2
_WRITE = "CREATE TEMPORARY TABLE probe AS SELECT repeat('x', 1000) AS filling FROM generate_series(1, 100)"


class DiskFull(Fault):
    """Fills the filesystem that PostgreSQL's data and log lie on.

    The lab gives PostgreSQL a small filesystem of its own for it, in memory: it is really full, and the kernel really
    answers ENOSPC, but an fsync there costs nothing. What PostgreSQL does then is its own affair: it refuses writes
    that need a new page, and stops if its log needs one. Healing frees the space, and starts it if it stopped.
    """

    NAME: ClassVar[str] = "disk_full"
    PROVES: ClassVar[str] = "A database that cannot write refuses, and what it had acknowledged is still there."
    KINDS: ClassVar[frozenset[str] | None] = frozenset({"postgres"})

    @classmethod
    def needs(cls, argument: str) -> Conditions:
        """Give PostgreSQL a disk that is small enough to be filled."""
        del argument
        return Conditions(disk_bytes=DISK_BYTES)

    @classmethod
    def blocker(cls) -> str | None:
        """Need to make a filesystem."""
        return bounded_disk_blocker()

    @property
    def disk(self) -> BoundedDisk:
        """The part's small disk."""
        disk = self.part.disk if isinstance(self.part, Postgres) else None
        if disk is None:
            raise FaultError(f"{self.target.name} was started on the machine's disk")
        return disk

    def inject(self) -> None:
        """Leave no byte free."""
        self.disk.fill()

    def probe(self) -> Seen:
        """Ask the filesystem how much is free, and PostgreSQL to write."""
        free = self.disk.free_bytes()
        if not self.part.pids:
            return Seen(in_effect=free < _PAGE_BYTES, saw=f"{free:,} bytes are free, and PostgreSQL has stopped")
        refused = _refusal(self.part.endpoints["url"])
        in_effect = free < _PAGE_BYTES and refused is not None
        return Seen(in_effect, f"{free:,} bytes are free, and PostgreSQL {refused or 'wrote'}")

    def heal(self) -> None:
        """Free the space, and start PostgreSQL if it stopped."""
        self.disk.clear()
        if not self.part.pids:
            self.target.start(self.part)


def _refusal(url: str) -> str | None:
    """Return how a write was refused, None if it was done."""
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_S) as connection:
            connection.execute(_WRITE)
            connection.rollback()
    except psycopg.errors.DiskFull as error:
        return f"refused a write with {error.sqlstate}: {str(error).splitlines()[0]}"
    except psycopg.OperationalError as error:
        return f"opens no session: {' '.join(str(error).split())}"
    return None
