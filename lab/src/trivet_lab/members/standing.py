"""How far what was committed has come on its way: read from a member's own ledgers while it still runs."""

from __future__ import annotations

from typing import NamedTuple, cast

import psycopg

from trivet_lab.members.member import Member


class Standing(NamedTuple):
    """What is still under way: events that wait to be published, and events that the timeline does not have yet."""

    unpublished: int
    untold: int

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is."""
        return self == (0, 0)


def standing_of(member: Member, reader: str) -> Standing:
    """Return how much of a member's outbox is under way, in one snapshot, as the role that can only read.

    Raises:
        psycopg.Error: the database does not answer.
        KeyError: the member keeps no such ledgers.
    """
    ledgers = member.ledgers()
    outbox, timeline = (ledgers[f"{member.name}.{name}"].rstrip().rstrip(";") for name in ("outbox", "timeline"))
    question = f"""
        WITH outbox AS ({outbox}), timeline AS ({timeline})
        SELECT count(*) FILTER (WHERE NOT published),
               count(*) FILTER (WHERE event_id NOT IN (SELECT event_id FROM timeline))
        FROM outbox
    """  # noqa: S608  - both are files of the member's own, and nobody's input
    with psycopg.connect(reader, connect_timeout=5) as connection:
        row = connection.execute(question.encode()).fetchone()
    return Standing(*cast("tuple[int, int]", row))


def checkouts_under_way(member: Member, reader: str) -> int:
    """Return how many checkouts of a member have neither ended nor were parked, as the role that can only read.

    Raises:
        psycopg.Error: the database does not answer.
        KeyError: the member keeps no such ledger.
    """
    sagas = member.ledgers()[f"{member.name}.sagas"].rstrip().rstrip(";")
    question = f"""
        WITH sagas AS ({sagas})
        SELECT count(*) FROM sagas WHERE ended_at IS NULL AND coalesce(parked::text, 'false') = 'false'
    """  # noqa: S608  - a file of the member's own, and nobody's input
    with psycopg.connect(reader, connect_timeout=5) as connection:
        row = connection.execute(question.encode()).fetchone()
    return cast("tuple[int]", row)[0]
