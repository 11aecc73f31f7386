"""A hold whose time is over is over: nobody guesses that it might still be good."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS, wipes
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import SETTLING, Event, Rush, Story
from trivet_lab.checkers._standing import SLACK_NS, Wipes, lies_between
from trivet_lab.checkers._witness import Violations

NS_PER_S = 1_000_000_000


class ExpiredStaysOver(Checker):
    """Compares every extension, pin and confirmation that succeeded with the latest end that its hold can have had.

    The TTL is counted from the answer at the latest. An extension or a pin whose end nobody knows may have come at
    any time after its call and kept the hold for as long, so that nothing after it is judged.
    """

    NAME: ClassVar[str] = "expired_stays_over"
    RULE: ClassVar[str] = (
        "No hold is extended, pinned or confirmed that nobody had pinned and whose time was over for certain when that "
        "was first asked for."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read when memory was lost."""
        self._evidence = evidence
        self._rush = evidence.book(Rush)
        self._wipes = wipes(evidence)
        self._found = Violations()
        self._judged = 0

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Rule over every hold."""
        for story in self._rush.stories.values():
            self._judge(story)
        return self._found.ruling(
            self._evidence, f"{self._judged:,} extensions, pins and confirmations, each of a hold that can have stood"
        )

    def _judge(self, story: Story) -> None:
        later = sorted(story.extends + story.settles, key=lambda event: event.call_ns)
        for place, event in enumerate(later):
            if not event.is_ok:
                continue
            self._judged += 1
            before = [other for other in (*later[:place], *later[place + 1 :]) if other.call_ns <= event.done_ns]
            until = _until(story, before, self._wipes)
            if until + SLACK_NS < event.call_ns:
                grant = story.grant()
                self._found.add(
                    f"the {event.f} of {story.name} was asked for at {event.call_ns / NS_PER_S:.3f} s and succeeded, "
                    f"and its time was over at {until / NS_PER_S:.3f} s",
                    *([grant.pointer] if grant else []),
                    event.pointer,
                )


def _until(story: Story, before: list[Event], wipes: Wipes) -> int:
    """Return the latest end that a hold can have had, by its grants and by what can have come before."""
    is_again = lies_between(wipes, story.asked_ns, NEVER_NS)
    ends = [
        NEVER_NS if not ask.is_ok or (ask.lost and is_again) else ask.done_ns + ask.ttl_ns
        for ask in story.asks
        if ask.may_have_happened
    ]
    for event in before:
        if event.f in SETTLING:
            ends += [NEVER_NS] if event.may_have_begun else []
        elif event.may_have_happened:
            ends.append(event.done_ns + event.ttl_ns if event.is_ok and not event.lost else NEVER_NS)
    return max(ends, default=NEVER_NS)
