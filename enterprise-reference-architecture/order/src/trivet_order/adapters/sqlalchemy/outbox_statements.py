"""How the relay's statements are run: each for itself, in a transaction of its own."""

from __future__ import annotations

from typing import cast

import asyncpg

from trivet_order.adapters.sqlalchemy.engine import Database, Driver

LAZY_COMMIT = {"synchronous_commit": "off", "plan_cache_mode": "force_custom_plan"}
"""What a relay's connections tell the server: none of their commits is waited for on disk.

What a crash of the server forgets, leases and marks, is the end of what was done and never its middle. The database is
then as it was a moment before, and a relay that goes on from there publishes a message twice.

Nor is a plan kept: one that was made for an outbox of ten rows would be followed when there are a million.
"""


async def fetch(database: Database, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Run one statement and return its rows.

    Raises:
        StoreUnavailable: it may have happened or not; whoever relays does not need to know.
    """
    async with database.reading() as session:
        connection = await session.connection()
        driver = cast("Driver", (await connection.get_raw_connection()).driver_connection)
        return await driver.fetch(sql, *arguments)


async def execute(database: Database, sql: str, *arguments: object) -> int:
    """Run one statement and return how many rows it changed (see :func:`fetch`)."""
    async with database.reading() as session:
        connection = await session.connection()
        driver = cast("Driver", (await connection.get_raw_connection()).driver_connection)
        return int((await driver.execute(sql, *arguments)).split()[-1])
