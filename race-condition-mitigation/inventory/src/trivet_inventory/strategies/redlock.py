"""``redlock``: SET NX PX on independent masters, then read, write under guard and fence, commit, release by token."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import ClassVar

import structlog

from trivet_chassis import Unavailable, WrongDatabase, failpoint
from trivet_inventory.database import Connection
from trivet_inventory.errors import LockIsBusy, NoSuchItem
from trivet_inventory.sql import statement
from trivet_inventory.strategies import Sold, SoldOut
from trivet_locks import (
    Lease,
    LeaseLost,
    LockBusy,
    NotAcquired,
    QuorumUnavailable,
    UnsafeFence,
    check_fence_sequence,
    draw_fence,
)
from trivet_locks import Redlock as Quorum

_TAKE = statement("take_fenced")
_SEQUENCE = "item_fence"
_PROBE_TTL_MS = 1000
_NS_PER_MS = 1_000_000
_log = structlog.get_logger("trivet.leases")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease on one item and the fence that was drawn under it."""

    lease: Lease
    fence: int

    async def sell(self, connection: Connection, item_id: str, quantity: int) -> Sold | SoldOut:
        """Read the item, and if it has stock, take the units under guard and fence."""
        item = await connection.fetchrow("SELECT * FROM items WHERE id = $1", item_id)
        await failpoint("inventory.purchase.after_read")
        if item is None:
            raise NoSuchItem(item_id)
        if item["stock"] < quantity:
            return SoldOut(item["stock"])
        self.ensure_held()
        await failpoint("inventory.purchase.before_write")
        row = await connection.fetchrow(_TAKE, item_id, quantity, self.fence)
        if row is not None:
            return Sold.of(row, self.fence)
        return await self._refused(connection, item_id)

    async def _refused(self, connection: Connection, item_id: str) -> SoldOut:
        """Tell a stock that went from a later holder that came: the one is an answer, the other another try."""
        item = await connection.fetchrow("SELECT stock, fence FROM items WHERE id = $1", item_id)
        if item is None:
            raise NoSuchItem(item_id)
        if item["fence"] >= self.fence:
            raise LockIsBusy(f"a later buyer of {item_id} came first: the lease had run out", item_id=item_id)
        return SoldOut(item["stock"])

    def ensure_held(self) -> None:
        """Return if the lease is still valid by this process's own clock."""
        try:
            self.lease.ensure_held()
        except LeaseLost as error:
            raise LockIsBusy("the lease ran out before COMMIT: rolled back") from error


async def _fence(connection: Connection, lease: Lease) -> int:
    """Draw a fence before anything is read, so that it covers every moment after the acquisition."""
    try:
        return await draw_fence(connection, _SEQUENCE, lease)
    except LeaseLost as error:
        raise LockIsBusy("the lease ran out before the item was read") from error


@contextmanager
def _witnessed(held: Held) -> Iterator[Held]:
    """Log when the use of a lease begins and when it is over, so that an auditor can see whether two met.

    Two lines, since a process that dies or stands still writes no end. Both tell this machine's monotonic clock, which
    all its processes share, and err on the safe side: the clock is read before the lease is asked how long it may be
    believed, and the end is written before the release is sent. So of two leases that exclude each other, the lines
    never say that they met; without the lines nothing is known of it, and nothing sold depends on them.
    """
    item_id, fence, held_ns = held.lease.resource, held.fence, time.monotonic_ns()
    until_ns = held_ns + held.lease.validity_ms * _NS_PER_MS
    _log.debug("lease held", resource=item_id, fence=fence, held_ns=held_ns, until_ns=until_ns)
    try:
        yield held
    finally:
        _log.debug("lease over", resource=item_id, fence=fence, over_ns=time.monotonic_ns())


class Redlock:
    """Admits one buyer of an item at a time by a lease in a quorum of masters.

    Which race: two buyers read a stock of one and both sell it. Why this lock: a buyer who does not get it is turned
    away at once (429) without touching the hot row. If it is lost (a pause past the TTL, a master that forgot): the
    fence, drawn after the acquisition, refuses the stale holder's write once a later one wrote, and the guard in the
    same UPDATE refuses to sell what is not there. So losing the lock costs a retry, never a unit.
    """

    name: ClassVar[str] = "redlock"
    lab_only: ClassVar[bool] = False
    constrained: ClassVar[bool] = True

    def __init__(self, quorum: Quorum, ttl_ms: int) -> None:
        self._quorum = quorum
        self._ttl_ms = ttl_ms
        self._ours: set[str] = set()

    @asynccontextmanager
    async def admit(self, connection: Connection, item_id: str) -> AsyncIterator[Held]:
        """Take the lease in one attempt, draw a fence under it, and release it after the caller's COMMIT.

        An item that this process holds or asks for is busy, and nobody need be asked: in a rush most refusals are of
        that kind, and buyers of one process who asked the masters at once would split the votes between them.
        """
        busy = LockIsBusy(f"{item_id} is being bought; try again", item_id=item_id)
        if item_id in self._ours:
            raise busy
        self._ours.add(item_id)
        try:
            async with self._leased(connection, item_id, busy) as held:
                yield held
        finally:
            self._ours.discard(item_id)

    @asynccontextmanager
    async def _leased(self, connection: Connection, item_id: str, busy: LockIsBusy) -> AsyncIterator[Held]:
        try:
            lease = await self._quorum.acquire(item_id, ttl_ms=self._ttl_ms)
        except LockBusy as error:
            raise busy from error
        except QuorumUnavailable as error:
            raise Unavailable("no quorum of the lock's masters answered: nothing happened", definite=True) from error
        try:
            with _witnessed(Held(lease, await _fence(connection, lease))) as held:
                yield held
        finally:
            await lease.release()

    async def verify(self, connection: Connection) -> None:
        """Refuse a sequence that could hand out a smaller fence after a greater one."""
        try:
            await check_fence_sequence(connection, _SEQUENCE)
        except UnsafeFence as error:
            raise WrongDatabase(str(error)) from error

    async def blocker(self) -> str | None:
        """Need a quorum of masters, asked by taking a lease that nobody else wants."""
        try:
            # No item's id contains a colon, so a probe never meets a buyer.
            lease = await self._quorum.acquire(f"probe:{secrets.token_hex(8)}", ttl_ms=_PROBE_TTL_MS)
        except NotAcquired as error:
            return str(error)
        await lease.release()
        return None

    async def close(self) -> None:
        """Close the connections to the masters."""
        await self._quorum.close()
