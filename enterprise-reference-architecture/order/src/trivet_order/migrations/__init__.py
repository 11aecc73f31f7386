"""The database's shape, by Alembic; the scripts travel inside the package."""

from __future__ import annotations

from pathlib import Path


def migrate(database_url: str, to: str = "head") -> None:
    """Bring a database to the newest shape, or to the one of a revision; nothing happens if it is there."""
    from alembic import command  # noqa: PLC0415  - a quarter of a second, which a replica's start does without
    from alembic.config import Config  # noqa: PLC0415  - the same

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    command.upgrade(config, to)
