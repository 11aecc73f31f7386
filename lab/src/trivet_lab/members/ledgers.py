"""Reads the services' own books after a run: each ``ledger/<name>.sql``, as a role that can only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from trivet_lab.evidence import VariantDirectory
from trivet_lab.members.member import Member

ROWS_AT_ONCE = 5_000


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, int | str | float | bool | None.__class__):
        return value
    return str(value)


def collect_ledgers(members: Iterable[Member], readers: Mapping[str, str], directory: VariantDirectory) -> None:
    """Write every ledger of these members to the variant's directory, one row a line.

    All ledgers of a member are read in one REPEATABLE READ snapshot, so that they agree with each other even if
    a background task of the service were still at work. Rows stream through a named cursor: a ledger of
    millions does not have to fit into memory.

    Args:
        members: the services on stage.
        readers: a read-only URL of each one's database.
        directory: where ``ledger/<member>.<name>.jsonl`` goes.
    """
    for member in members:
        with psycopg.connect(readers[member.name]) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            for name, sql in member.ledgers().items():
                with (
                    directory.ledger(name).open("wb") as out,
                    connection.cursor(name="ledger", row_factory=psycopg.rows.dict_row) as cursor,
                ):
                    cursor.itersize = ROWS_AT_ONCE
                    cursor.execute(sql.encode())
                    for row in cursor:
                        out.write(msgspec.json.encode({key: _plain(value) for key, value in row.items()}) + b"\n")
