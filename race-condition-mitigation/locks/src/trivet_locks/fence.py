"""Fences: numbers that only grow, by which a store refuses a holder whose lease is over.

Why not from the lock's own servers. A counter per node and the maximum over a quorum is not monotonic: nodes {1, 2, 3}
count (5, 1, 1), so the first holder gets 5; nodes {2, 3, 4} then count (2, 2, 1), so the second gets 2 and is refused
in favour of the stale one. A single counter goes back when its server fails over to a replica that lags, or restarts
from an old snapshot. A PostgreSQL sequence is logged ahead of use and never hands a number out twice on one timeline;
its gaps after a crash or a rollback do no harm. (After an asynchronous failover of PostgreSQL itself a sequence can go
back as well: put the epoch of the writer above the number.)

Why after acquisition, and why the lease is checked again. Holders then draw in the order in which they hold: whoever
holds later draws later, so a larger number. A holder that was paused between acquiring and drawing would draw a number
*above* its successor's; with the check behind the draw it gets LeaseLost instead.

Why at the read. A fence that is compared only when writing still oversells: A draws 1 and reads one unit, B draws 2 and
reads one unit, A writes (1 is the largest so far), B writes. `REGISTER_AT_READ` leaves the fence in the row when
reading it, so that A's later write finds 2 and is refused.

Source: M. Kleppmann, "How to do distributed locking" (2016).
"""

from importlib.resources import files

from trivet_locks.connection import Fetcher
from trivet_locks.errors import UnsafeFence
from trivet_locks.lease import Lease

_SQL = files("trivet_locks") / "sql"

REGISTER_AT_READ = (_SQL / "register_at_read.sql").read_text(encoding="utf-8")
"""A pattern to copy for a table `items(id, stock, fence)`: reads the stock and registers the reader's fence."""

WRITE_IF_CURRENT = (_SQL / "write_if_current.sql").read_text(encoding="utf-8")
"""A pattern to copy: writes if no later holder has registered, and only as far as the stock goes."""

_SEQUENCE_OPTIONS = (_SQL / "sequence_options.sql").read_text(encoding="utf-8")


async def draw_fence(connection: Fetcher, sequence: str, lease: Lease) -> int:
    """Draw the next number of `sequence` for the holder of `lease`, and check that the lease outlived the draw.

    Raises LeaseLost if it did not: the number must then not be used.
    """
    fence = int(await connection.fetchval("SELECT nextval($1::text::regclass)", sequence))
    lease.ensure_held()
    return fence


async def check_fence_sequence(connection: Fetcher, sequence: str) -> None:
    """Raise UnsafeFence if `sequence` can go back; for the start of a program.

    With CACHE above 1 each connection draws from a block of its own, so that a later draw on another connection can be
    smaller; CYCLE starts again at the minimum.
    """
    if not await connection.fetchval(_SEQUENCE_OPTIONS, sequence):
        msg = f"sequence {sequence!r} must have CACHE 1, a positive INCREMENT and NO CYCLE to serve as a fence"
        raise UnsafeFence(msg)
