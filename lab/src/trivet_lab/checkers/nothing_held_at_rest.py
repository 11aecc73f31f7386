"""When all is over a seat is free or has an owner, and the map says so."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError, Pointer
from trivet_lab.checkers._maps import read_map
from trivet_lab.checkers._seats import FREE, Reservation, Rush
from trivet_lab.checkers._witness import Violations


class NothingHeldAtRest(Checker):
    """Compares the last seat map of each show, seen when every TTL was over, with the ledger, seat by seat."""

    NAME: ClassVar[str] = "nothing_held_at_rest"
    RULE: ClassVar[str] = (
        "When every hold's time is over, the map of a show has each of its seats once, those of the ledger pinned or "
        "sold as they are there, and all others free."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Reservation)
        self._rush = evidence.book(Rush)

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Rule over every show that somebody held seats of."""
        asked = {name.show_id for name in self._rush.stories} | {row.show_id for row in self._book.taken}
        unseen = sorted(asked - set(self._rush.at_rest))
        found, counts = Violations(), Counter[str]()
        for show_id, pointer in self._rush.at_rest.items():
            self._judge(show_id, pointer, found, counts)
        seen = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
        ruling = found.ruling(self._evidence, f"{len(self._rush.at_rest):,} maps at rest: {seen}")
        if ruling.verdict == "valid" and (unseen or not self._rush.at_rest):
            raise EvidenceError(f"nobody looked at rest at {', '.join(unseen) or 'any show'}")
        return ruling

    def _judge(self, show_id: str, pointer: Pointer, found: Violations, counts: Counter[str]) -> None:
        seats = read_map(self._evidence, pointer)
        show = self._book.shows.get(show_id)
        names = {seat.id for seat in seats}
        if show is None or not len(names) == len(seats) == show.seats:
            count = show.seats if show else "no"
            found.add(
                f"the map of {show_id} has {len(names):,} seats, {len(seats):,} entries; the show {count}", pointer
            )
        for seat in seats:
            counts[seat.state] += 1
            rows = self._book.taken_by.get((show_id, seat.id), [])
            states = {row.state for row in rows} or {FREE}
            if {seat.state} != states:
                is_said = " and ".join(sorted(states))
                found.add(
                    f"seat {seat.id} is {seat.state} at rest, and {is_said} by the ledger",
                    pointer,
                    *(row.pointer for row in rows),
                )
        for (of_show, seat_id), rows in self._book.taken_by.items():
            if of_show == show_id and seat_id not in names:
                found.add(f"seat {seat_id} is taken, and not on the map", pointer, *(row.pointer for row in rows))
