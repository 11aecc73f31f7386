"""What waits among the checkouts, in all shards, whoever works on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from trivet_order.adapters.sqlalchemy.engine import Database
from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.adapters.sqlalchemy.statements import fetch

COUNTED_MAX = 10_000
_WEIGH = statement("weigh_sagas")


@dataclass(frozen=True, slots=True)
class SagaBacklog:
    """How many are under way by state, and how many of them are tried again, counted up to COUNTED_MAX in all.

    ``oldest_due_s`` is for how long the one that is due longest has been.
    """

    going: Mapping[str, int]
    retrying: int
    parked: int
    oldest_due_s: float


async def weigh_sagas(database: Database) -> SagaBacklog:
    """Return what waits (StoreUnavailable if nobody can say)."""
    (row,) = await fetch(database, _WEIGH, SHARDS, COUNTED_MAX)
    return SagaBacklog(json.loads(row["going"]), row["retrying"], row["parked"], row["oldest_due_s"])
