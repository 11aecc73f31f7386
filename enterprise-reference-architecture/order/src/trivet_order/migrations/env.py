"""What Alembic runs around the scripts: one transaction for all of them, and one process at a time."""

from __future__ import annotations

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


def _run(connection: Connection) -> None:
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        # Two replicas that start together would otherwise both find no table and both make it.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('order.migrate', 0))"))
        context.run_migrations()


async def _upgrade(database_url: str) -> None:
    # The service's own driver reads the URL, so the two cannot disagree about what it means.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_upgrade(context.config.attributes["database_url"]))
