"""One seat, one owner."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, Pointer
from trivet_lab.checkers._seats import CONFIRM, SOLD, HoldName, Reservation, Rush
from trivet_lab.checkers._witness import Violations

Owner = tuple[HoldName, str | None]


class SeatSoldOnce(Checker):
    """Collects the owners of every seat: by the ledger, by every settlement that sold, by every confirmation.

    What is sold is never released, so that a second owner is one too many whenever they came.
    """

    NAME: ClassVar[str] = "seat_sold_once"
    RULE: ClassVar[str] = (
        "No seat stands twice in the ledger of what is taken, and none is sold to two by settlements or confirmations."
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
        """Rule over every seat that has an owner."""
        found = Violations()
        owners = self._owners()
        for (_, seat), rows in self._book.taken_by.items():
            if len(rows) > 1:
                told = [pointer for row in rows for pointer in self._confirmed(row.hold)]
                found.add(f"seat {seat} is taken {len(rows)} times", *(row.pointer for row in rows), *told)
        for (show_id, seat), several in owners.items():
            if len(several) > 1:
                names = " and ".join(f"{name} for order {order}" for name, order in several)
                rows = self._book.taken_by.get((show_id, seat), [])
                found.add(f"seat {seat} was sold to {names}", *several.values(), *(row.pointer for row in rows))
        return found.ruling(
            self._evidence, f"{len(self._book.taken):,} seats taken, each once; {len(owners):,} sold, each to one"
        )

    def _owners(self) -> dict[tuple[str, str], dict[Owner, Pointer]]:
        """Return who was told that a seat is sold to them, or has a settlement that says so."""
        owners: defaultdict[tuple[str, str], dict[Owner, Pointer]] = defaultdict(dict)
        for story in self._rush.stories.values():
            for event in story.settles:
                if event.f == CONFIRM and event.is_ok:
                    for seat in event.seats or story.seats:
                        owners[story.name.show_id, seat].setdefault((story.name, event.order_id), event.pointer)
        for settlement in self._book.settlements:
            if settlement.state == SOLD:
                for seat in settlement.seat_ids():
                    owner = (settlement.hold, settlement.order_id)
                    owners[settlement.show_id, seat].setdefault(owner, settlement.pointer)
        return owners

    def _confirmed(self, name: HoldName) -> list[Pointer]:
        story = self._rush.stories.get(name)
        return [event.pointer for event in story.settles if event.is_ok][:1] if story else []
