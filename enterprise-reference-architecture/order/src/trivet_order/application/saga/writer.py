"""The one who writes: what is decided while a record is in flight goes together with the next one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from trivet_order.application.errors import DataRefused, StoreUnavailable
from trivet_order.application.leasing import Lease, TimePort
from trivet_order.application.saga.hand import InHand
from trivet_order.application.saga.lanes import Spawn
from trivet_order.application.saga.ports import Change, SagaObserverPort, SagaStorePort

Decided = tuple[InHand, Change]


class CombiningWriter:
    """Records changes of many sagas in one statement and one commit; no timer fills a batch.

    What is not in hand any more when its turn comes is not written.

    A batch that is refused for what is in it is written in halves, down to the one that it is in: one that is poisoned
    among n costs 2 log2 n further statements, and the others are written. If it were not, they would be refused with it
    again and again, and no checkout of the worker would ever go on.

    Args:
        store: where they are written.
        spawn: starts the writing beside whatever else is done.
        leases: returns under which leases it is written.
        recorded: is told which of a batch were written.
        refused: is told which one cannot be stored, and why.
        lost: is told that nobody knows whether a batch was written.
        time: which measures.
        observer: who is told.
        failpoint: is awaited before and after each record.
        records_max: as many changes at most in one statement.
    """

    def __init__(  # noqa: PLR0913  - what the one place needs at which everything is written
        self,
        store: SagaStorePort,
        spawn: Spawn,
        *,
        leases: Callable[[], Sequence[Lease]],
        recorded: Callable[[Sequence[Decided], Collection[UUID]], None],
        refused: Callable[[InHand, Change, DataRefused], None],
        lost: Callable[[StoreUnavailable], None],
        time: TimePort,
        observer: SagaObserverPort,
        failpoint: Callable[[str], Awaitable[None]],
        records_max: int,
    ) -> None:
        self._store = store
        self._spawn = spawn
        self._leases = leases
        self._recorded = recorded
        self._refused = refused
        self._lost = lost
        self._time = time
        self._observer = observer
        self._failpoint = failpoint
        self._records_max = records_max
        self._waiting: list[Decided] = []
        self._is_writing = False

    def put(self, each: InHand, change: Change) -> None:
        """Have a change written: at once if no record is in flight, else with the next one."""
        self._waiting.append((each, change))
        if not self._is_writing:
            self._is_writing = True
            self._spawn(self._write())

    async def _write(self) -> None:
        """Record until nothing waits any more."""
        try:
            while self._waiting:
                batch = self._waiting[: self._records_max]
                del self._waiting[: self._records_max]
                await self._record(batch)
        except StoreUnavailable as error:
            self._waiting.clear()
            self._lost(error)
        finally:
            self._is_writing = False

    async def _record(self, batch: Sequence[Decided]) -> None:
        """Record what of a batch is in hand still; in halves, one after the other, if that is refused."""
        batch = [decided for decided in batch if decided[0].is_held]
        if not batch:
            return
        try:
            await self._record_at_once(batch)
        except DataRefused as refused:
            if len(batch) == 1:
                self._refused(*batch[0], refused)
                return
        else:
            return
        middle = len(batch) // 2
        await self._record(batch[:middle])
        await self._record(batch[middle:])

    async def _record_at_once(self, batch: Sequence[Decided]) -> None:
        await self._failpoint("order.saga.before_record")
        started_s = self._time.now_s()
        changes = [change for _, change in batch]
        written = frozenset(await self._store.record(self._leases(), changes))
        await self._failpoint("order.saga.after_record")
        if len(written) < len(changes):
            self._observer.outdated([each.before.order_id for each in changes if each.before.order_id not in written])
            changes = [each for each in changes if each.before.order_id in written]
        if changes:
            self._observer.recorded(changes, self._time.now_s() - started_s)
        self._recorded(batch, written)
