"""Nobody gets back more than they paid, and nobody pays more than they agreed to."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._wallet import CAPTURE, CHARGE, REFUND, Decision, Wallet
from trivet_lab.checkers._witness import Violations


class RefundsWithinCaptures(Checker):
    """Adds up, for each charge, what its decisions moved: the charge's own columns have to say the same.

    Two refunds that both read what was refunded so far give back more than was captured, each of them rightly by
    what it had read.
    """

    NAME: ClassVar[str] = "refunds_within_captures"
    RULE: ClassVar[str] = (
        "Of every charge the refunds are at most what was captured and that is at most its amount, "
        "it is captured once, and its row says what the postings do."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)

    def finish(self) -> Ruling:
        """Add up every charge."""
        rows: defaultdict[str, list[Decision]] = defaultdict(list)
        for decision in self._book.decisions:
            if decision.transaction_id is not None and decision.charge and decision.kind in (CHARGE, CAPTURE, REFUND):
                rows[decision.charge].append(decision)
        found = Violations()
        total = back = 0
        for key, moving in rows.items():
            refunds = [row for row in moving if row.kind == REFUND]
            captures = [row for row in moving if row.kind != REFUND]
            captured, refunded = (sum(map(self._book.moved, each)) for each in (captures, refunds))
            total, back = total + captured, back + refunded
            self._judge(key, captures, refunds, found)
        for key, charge in self._book.charges.items():
            if key not in rows and (charge.captured_minor or charge.refunded_minor):
                found.add(f"charge {key} says that it moved money, and no operation did", charge.pointer)
        return found.ruling(
            self._evidence, f"{len(self._book.charges):,} charges, {total:,} captured, {back:,} refunded of it"
        )

    def _judge(self, key: str, captures: list[Decision], refunds: list[Decision], found: Violations) -> None:
        charge = self._book.charges.get(key)
        lines = [row.pointer for row in (*captures, *refunds)]
        captured, refunded = (sum(map(self._book.moved, rows)) for rows in (captures, refunds))
        if charge is None:
            found.add(f"{captured:,} were captured of charge {key}, which there is not", *lines)
            return
        if len(captures) > 1:
            found.add(f"charge {key} was captured {len(captures)} times", charge.pointer, *lines)
        elif captured > (charge.amount_minor or 0):
            found.add(f"{captured:,} were captured of charge {key} over {charge.amount_minor}", charge.pointer, *lines)
        if refunded > captured:
            found.add(
                f"{refunded:,} were refunded of charge {key}, and {captured:,} captured: {len(refunds)} refunds",
                charge.pointer,
                *lines,
            )
        if (charge.captured_minor, charge.refunded_minor) != (captured, refunded):
            found.add(
                f"charge {key} says {charge.captured_minor:,} captured and {charge.refunded_minor:,} refunded; "
                f"its postings are {captured:,} and {refunded:,}",
                charge.pointer,
                *lines,
            )
