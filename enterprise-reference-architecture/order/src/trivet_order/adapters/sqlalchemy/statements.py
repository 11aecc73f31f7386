"""How statements are run that stand alone: each is a transaction of its own, on the driver itself."""

from __future__ import annotations

import asyncpg

from trivet_order.adapters.sqlalchemy.engine import Database

PLANNED_EACH_TIME = {"plan_cache_mode": "force_custom_plan"}
"""What connections tell the server that read queues: no plan is kept.

One that was made for a queue of ten rows would be followed when there are a million.
"""
LAZY_COMMIT = {"synchronous_commit": "off", **PLANNED_EACH_TIME}
"""What a relay's connections tell the server: none of their commits is waited for on disk.

What a crash of the server forgets, leases and marks, is the end of what was done and never its middle. The database is
then as it was a moment before, and a relay that goes on from there publishes a message twice.
"""


async def fetch(database: Database, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Run one statement and return its rows.

    Raises:
        StoreUnavailable: it may have happened or not.
    """
    async with database.alone() as driver:
        return await driver.fetch(sql, *arguments)


async def execute(database: Database, sql: str, *arguments: object) -> int:
    """Run one statement and return how many rows it changed (see :func:`fetch`)."""
    async with database.alone() as driver:
        return int((await driver.execute(sql, *arguments)).split()[-1])
