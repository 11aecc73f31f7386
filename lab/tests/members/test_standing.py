"""How far what was committed has come is read from the member's own ledgers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import psycopg
import pytest

from trivet_lab.members import Member, Standing, checkouts_under_way, find_members, standing_of
from trivet_lab.settings import lab_settings

BOOKS = """
    CREATE TABLE outbox (event_id int, published bool);
    CREATE TABLE timeline (event_id int);
"""


@pytest.fixture
def till(tmp_path: Path) -> Member:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "outbox.sql").write_text("SELECT event_id, published FROM outbox ORDER BY event_id;\n")
    (tmp_path / "ledger" / "timeline.sql").write_text("SELECT event_id FROM timeline\n")
    kind = find_members(lab_settings().root)["inventory"]
    return dataclasses.replace(kind, name="till", folder=tmp_path)


def test_what_waits_and_what_was_not_told_is_counted(till: Member, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(BOOKS)
        connection.execute("INSERT INTO outbox VALUES (1, true), (2, true), (3, false)")
        connection.execute("INSERT INTO timeline VALUES (1)")
    assert standing_of(till, database) == Standing(unpublished=1, untold=2)
    assert not standing_of(till, database).is_at_rest
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE outbox SET published = true")
        connection.execute("INSERT INTO timeline VALUES (2), (3)")
    assert standing_of(till, database).is_at_rest


@pytest.mark.parametrize(("kind", "why"), [("text", "the wallet rejects it"), ("bool", True)])
def test_a_checkout_is_under_way_until_it_ended_or_was_parked(
    till: Member, database: str, kind: str, why: object
) -> None:
    (till.folder / "ledger" / "sagas.sql").write_text("SELECT ended_at, parked FROM sagas;\n")
    with psycopg.connect(database) as connection:
        connection.execute("DROP TABLE IF EXISTS sagas")
        connection.execute(f"CREATE TABLE sagas (ended_at timestamptz, parked {kind})".encode())
        connection.execute("INSERT INTO sagas VALUES (now(), NULL), (NULL, %s), (NULL, NULL)", [why])
    assert checkouts_under_way(till, database) == 1


def test_a_database_that_is_away_is_told(till: Member) -> None:
    with pytest.raises(psycopg.Error):
        standing_of(till, "postgresql://nobody@127.0.0.1:1/none")
