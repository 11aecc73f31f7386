"""A fence tells the later owner of a seat from the earlier one."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, Pointer
from trivet_lab.checkers._seats import HoldName, Reservation, Rush, Settlement
from trivet_lab.checkers._witness import Violations

Use = tuple[int, int, int, Pointer]
"""Call, return, fence and line of a pin or a confirmation."""


class SeatFencesGrow(Checker):
    """Compares the fence of every pin with those of the pins of that seat that were over when it was asked for."""

    NAME: ClassVar[str] = "seat_fences_grow"
    RULE: ClassVar[str] = (
        "No two settlements have the same fence, and whoever pins a seat after another pin of it was acknowledged has "
        "a greater one."
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
        """Rule over all settlements and every seat."""
        found = Violations()
        drawn: dict[int, Settlement] = {}
        for settlement in self._book.settlements:
            if settlement.fence is None:
                continue
            first = drawn.setdefault(settlement.fence, settlement)
            if first is not settlement:
                found.add(f"two settlements have fence {settlement.fence}", first.pointer, settlement.pointer)
        uses = self._uses()
        for (_, seat), several in uses.items():
            self._judge(seat, several, found)
        count = sum(map(len, uses.values()))
        return found.ruling(self._evidence, f"{len(drawn):,} fences, no two the same; {count:,} pins of seats in order")

    def _uses(self) -> dict[tuple[str, str], list[Use]]:
        """Return the pins of every seat: of a hold by an order the first call, the first return and its line."""
        uses: defaultdict[tuple[str, str], list[Use]] = defaultdict(list)
        for story in self._rush.lives():
            pins: dict[tuple[HoldName, str | None], Use] = {}
            for event in story.settles:
                if not event.is_ok or event.fence is None:
                    continue
                key = (story.name, event.order_id)
                call, done, fence, pointer = pins.get(key, (event.call_ns, event.done_ns, event.fence, event.pointer))
                pins[key] = min(call, event.call_ns), min(done, event.done_ns), fence, pointer
            for use in pins.values():
                for seat in story.seats:
                    uses[story.name.show_id, seat].append(use)
        return uses

    def _judge(self, seat: str, uses: list[Use], found: Violations) -> None:
        if len(uses) < 2:
            return
        over = sorted(uses, key=lambda use: use[1])
        returns = [use[1] for use in over]
        highest: list[Use] = []
        for use in over:
            highest.append(use if not highest or use[2] > highest[-1][2] else highest[-1])
        for call, _, fence, pointer in uses:
            place = bisect_left(returns, call)
            if place and highest[place - 1][2] >= fence:
                earlier = highest[place - 1]
                found.add(
                    f"seat {seat} was pinned under fence {earlier[2]} and later under {fence}", earlier[3], pointer
                )
