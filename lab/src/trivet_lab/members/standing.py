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
