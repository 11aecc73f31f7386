"""A seat that is held is held by one: what SET NX under one script promises while its memory lasts."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS, wipes
from trivet_lab.checkers._history import Batch, Pointer
from trivet_lab.checkers._seats import HoldName, Rush, Story
from trivet_lab.checkers._standing import Span, Standing, certain
from trivet_lab.checkers._witness import Violations

NS_PER_S = 1_000_000_000


class HoldsExclusive(Checker):
    """Compares the spans in which holds of a seat stood *for certain*, and grants with the spans that surround them.

    Two spans that meet are one seat in two hands. A grant whose whole possible time lies inside another one's span is
    that too, however short the granted hold itself stood. A loss of memory ends what nobody pinned, so that a hold
    from before it meets nobody after it; what is pinned or sold goes through it.
    """

    NAME: ClassVar[str] = "holds_exclusive"
    RULE: ClassVar[str] = (
        "No hold of a seat is granted while another one stands there for certain, by its TTL, its pin or its sale, "
        "unless Valkey lost its memory between them."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read when memory was lost."""
        self._evidence = evidence
        self._rush = evidence.book(Rush)
        self._wipes = wipes(evidence)

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Look at every seat for spans that meet."""
        standing: defaultdict[tuple[str, str], Standing] = defaultdict(Standing)
        lives = list(self._rush.lives())
        whose: dict[Span, Story] = {}
        granted = 0
        for story in lives:
            span = certain(story, self._wipes)
            granted += story.granted_ns < NEVER_NS
            if span is not None:
                whose[span] = story
                for seat in story.seats:
                    standing[story.name.show_id, seat].add(span)
        found = Violations()
        met: set[tuple[str, HoldName]] = set()
        for (_, seat), spans in standing.items():
            for earlier, later in spans.meetings():
                met.add((seat, later.name))
                self._add(found, seat, earlier, whose[later])
        for story in lives:
            if story.granted_ns == NEVER_NS:
                continue
            for seat in story.seats:
                around = standing.get((story.name.show_id, seat))
                outer = around.covering(story.asked_ns, story.granted_ns) if around else None
                if outer and (seat, story.name) not in met:
                    self._add(found, seat, outer, story)
        return found.ruling(self._evidence, f"{granted:,} holds were granted, no seat to two at once")

    def _add(self, found: Violations, seat: str, earlier: Span, later: Story) -> None:
        until = "for good" if earlier.to_ns == NEVER_NS else f"to {earlier.to_ns / NS_PER_S:.3f} s"
        grant = later.grant() or later.settles[0]
        found.add(
            f"seat {seat}: {earlier.name} stood from {earlier.from_ns / NS_PER_S:.3f} s {until}, and {later.name} was "
            f"granted between {later.asked_ns / NS_PER_S:.3f} s and {grant.done_ns / NS_PER_S:.3f} s",
            *self._lines(earlier.name),
            grant.pointer,
        )

    def _lines(self, name: HoldName) -> list[Pointer]:
        story = self._rush.stories[name]
        grant = story.grant()
        settled = [event.pointer for event in story.settles if event.is_ok][:1]
        return [*([grant.pointer] if grant else []), *settled]
