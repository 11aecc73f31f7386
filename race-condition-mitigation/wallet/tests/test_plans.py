"""A statement that is asked for each key goes by an index from the first day on, when its table has nothing in it.

A prepared statement keeps its plan until somebody analyses a table; one that was made for an empty table would read all
of a table that has grown since.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from trivet_wallet.settings import Settings
from trivet_wallet.sql import statement


def test_keys_are_looked_up_by_their_index(settings_for: Callable[[str], Settings]) -> None:
    asked = {"subjects": ["s", "s"], "kinds": ["transfer", "charge"], "keys": ["one", "two"]}
    url = settings_for("optimistic").database_url
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {statement('find_entries')}", asked))
    assert "Index Scan" in plan
    assert "Seq Scan on operations" not in plan, plan
