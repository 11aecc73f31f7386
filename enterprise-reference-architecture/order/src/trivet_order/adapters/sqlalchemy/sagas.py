"""Checkouts in PostgreSQL: claimed by reading, and written by the batch, in one statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.refusals import statement_refused
from trivet_order.adapters.sqlalchemy.saga_translation import claim_of, columns_of
from trivet_order.adapters.sqlalchemy.shard_leases import named
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import fetch
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Change, Claim

SHARE_MIN = 50
_READ = statement("read_sagas")
CLAIM = f"{statement('claim_sagas')}{_READ}"
_NAME = f"{statement('name_sagas')}{_READ}"
RECORD = statement("record_changes")


class SqlAlchemySagas:
    """SagaStorePort for one holder of leases; see ``sql/`` for what each statement reads and locks.

    Two statements take a batch of checkouts through any number of steps but one: a claim, and a record for each step.
    Each is a transaction of its own and needs no round trip beside it; the record's commit is one flush for all that it
    writes.
    """

    def __init__(self, database: Database, holder: str) -> None:
        """Claim nothing yet.

        Args:
            database: where they are.
            holder: this worker's name, under which it has its leases.
        """
        self._database = database
        self._holder = holder

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> Claim:
        """See SagaStorePort.

        A shard yields twice its share at most, or SHARE_MIN: enough for a limit below that to be exact, and little
        enough that a claim of many reads no more than a few times what it returns.
        """
        share = min(limit, max(SHARE_MIN, -(-2 * limit // max(1, len(leases)))))
        arguments = (*named(self._holder, leases), list(in_hand), share, limit)
        return claim_of(await fetch(self._database, CLAIM, *arguments))

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> Claim:
        """See SagaStorePort."""
        return claim_of(await fetch(self._database, _NAME, *named(self._holder, leases), list(order_ids)))

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        """See SagaStorePort; leases of shards that no change is of stay free to be renewed."""
        shards = {each.before.shard for each in changes}
        concerned = [lease for lease in leases if lease.shard in shards]
        with statement_refused():
            rows = await fetch(self._database, RECORD, *named(self._holder, concerned), *columns_of(changes))
        return {row["order_id"] for row in rows}
