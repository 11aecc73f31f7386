"""A lease that is believed is held alone: what Redlock promises while its masters keep what they granted."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import forgetting_spans
from trivet_lab.checkers._leases import Leases
from trivet_lab.checkers._witness import Violations


class LeasesExclusive(Checker):
    """Compares the spans in which holders used a lease of one item *and* believed in it.

    Why two such spans never meet under a right lock: a holder believes until T1 + TTL − drift, with T1 taken before the
    first master was asked. Each master of its quorum began the TTL when it heard of it, no earlier than T1, so that on
    a clock within the drift it keeps the key at least until then, unless the holder's own release took it; and *lease
    over* is written before that release is sent. Any other quorum shares a master with this one, which grants again
    only after the span has ended; and *lease held* is written after the grant. Both lines err inwards, and all
    processes of the machine read one clock, so a meeting in the evidence is one that happened.

    The argument needs masters that remember and whose clocks do not jump. A lease that was granted before a master had
    come back from forgetting may meet one that was granted after it began to: such meetings are counted and not judged,
    since there only guard and fence are left, as the description of Redlock itself says. What is granted later is known
    to all masters again.
    """

    NAME: ClassVar[str] = "leases_exclusive"
    RULE: ClassVar[str] = (
        "No two leases of one item are believed valid at the same time, "
        "unless a master was made to forget between them."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read the leases, and when masters forgot."""
        self._evidence = evidence
        self._book = evidence.book(Leases)
        self._forgot = forgetting_spans(evidence)

    def finish(self) -> Ruling:
        """Look for leases that were believed at once."""
        found = Violations()
        excused = 0
        for meeting in self._book.believed_at_once():
            if any(meeting.earlier.held_ns <= end and begin <= meeting.later.held_ns for begin, end in self._forgot):
                excused += 1
            else:
                found.add(f"believed at once: {meeting}", *meeting.earlier.lines, *meeting.later.lines)
        ruling = found.ruling(self._evidence, f"{self._book.count:,} leases, each believed by its holder alone")
        if not excused:
            return ruling
        beside = f"; {excused:,} met across a master that was made to forget, which is not judged"
        if ruling.verdict == "valid":
            return Ruling("valid", f"{self._book.count:,} leases{beside}")
        return Ruling(ruling.verdict, ruling.observed + beside, ruling.witness)
