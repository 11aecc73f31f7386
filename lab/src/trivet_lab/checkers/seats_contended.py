"""Whether anybody fought: a hall without a guard looks right to people who come one at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import ALREADY_HELD, HOLD
from trivet_lab.checkers._wallet import decline


class _Seat:
    """Who asked for one seat, and when; and when somebody was refused because of it."""

    def __init__(self) -> None:
        self.calls = array("q")
        self.returns = array("q")
        self.refused: list[tuple[int, int]] = []


class SeatsContended(Checker):
    """Counts who else asked for a seat while somebody was refused because it was taken."""

    NAME: ClassVar[str] = "seats_contended"
    RULE: ClassVar[str] = "At least one hold was refused because of a seat for which two or more were in flight."

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any hold; no ledger is needed."""
        del evidence
        self._seats: dict[tuple[str, str], _Seat] = {}

    def read(self, batch: Batch) -> None:
        """Note when each hold was in flight at the seats that it asked for."""
        for operation in batch.operations:
            if operation.f != HOLD:
                continue
            span = operation.call_ns, operation.return_ns
            refused = decline(operation) if operation.outcome == "fail" else None
            named = (operation.value or {}).get("seats", []) if refused and refused.code == ALREADY_HELD else []
            for name in operation.args.get("seats", []):
                seat = self._seats.setdefault((operation.args.get("show_id", ""), name), _Seat())
                seat.calls.append(span[0])
                seat.returns.append(span[1])
                if name in named:
                    seat.refused.append(span)

    def finish(self) -> Ruling:
        """Rule: without a fight nothing was put to the test, so the verdict is unknown."""
        refused = sum(len(seat.refused) for seat in self._seats.values())
        if not refused:
            return Ruling("unknown", "nobody was refused: there was a seat for everybody")
        most = {name: _most(seat) for name, seat in self._seats.items() if seat.refused}
        fought = {name: count for name, count in most.items() if count >= 2}
        if not fought:
            return Ruling("unknown", f"{refused:,} were refused, but each was alone at the seat")
        (_, seat), count = max(fought.items(), key=lambda entry: (entry[1], entry[0]))
        return Ruling(
            "valid",
            f"{len(fought):,} of {len(self._seats):,} seats were fought for; most at {seat}: {count:,} holds in flight "
            f"at a refused one; {refused:,} refusals in all",
        )


def _most(seat: _Seat) -> int:
    """Return how many holds were in flight together with a refused one, itself included."""
    calls, returns = sorted(seat.calls), sorted(seat.returns)
    return max(bisect_right(calls, until) - bisect_left(returns, since) for since, until in seat.refused)
