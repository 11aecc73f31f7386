"""A hold's id is its key: whoever repeats it is told the same."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any, ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import wipes
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._seats import Event, Rush, Story
from trivet_lab.checkers._standing import REPLAY_NS, SLACK_NS, lies_between
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import STORED

_OF_ONE_PIN = ("id", "show_id", "subject", "order_id", "fence", "seats", "lines", "total_minor", "currency")
"""What every answer to a pin and to a confirmation of one hold by one order has in common."""


class OneAnswerAHold(Checker):
    """Compares the answers to all operations about one hold, as far as they are still kept.

    A grant is kept longer than any hold, a refusal for a minute; both are in Valkey, so that a loss of its memory
    lets a repeat be decided anew. What an order was told of its pin is in PostgreSQL, and is the same for good.
    """

    NAME: ClassVar[str] = "one_answer_a_hold"
    RULE: ClassVar[str] = (
        "Everybody who asked for a hold under its id was given the same answer as long as it is kept, and every pin "
        "and confirmation of it by one order tells of the same fence, seats and total."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read when memory was lost."""
        self._evidence = evidence
        self._rush = evidence.book(Rush)
        self._wipes = wipes(evidence)
        self._found = Violations()
        self._repeats = 0

    def read(self, batch: Batch) -> None:
        """Let the stories be told."""
        self._rush.read(batch)

    def finish(self) -> Ruling:
        """Rule over every hold that was asked for, pinned or confirmed more than once."""
        for story in self._rush.stories.values():
            if len(story.asks) > 1:
                self._compare_asks(story)
            if len(story.settles) > 1:
                self._compare_pins(story)
        return self._found.ruling(
            self._evidence, f"{len(self._rush.stories):,} holds; {self._repeats:,} repeats were told the same"
        )

    def _compare_asks(self, story: Story) -> None:
        told = sorted(
            (event for event in story.asks if event.is_ok or (event.outcome == "fail" and event.code in STORED)),
            key=lambda event: event.done_ns,
        )
        for earlier, later in itertools.pairwise(told):
            begun_ns = min(earlier.call_ns, later.call_ns)
            is_kept = later.done_ns <= begun_ns + REPLAY_NS - SLACK_NS
            if not is_kept or lies_between(self._wipes, story.asked_ns, later.done_ns):
                continue
            if not earlier.is_ok and not later.is_ok and earlier.code != later.code:
                continue  # it was released after it was refused
            self._repeats += 1
            if self._answer(earlier) != self._answer(later):
                self._found.add(f"{story.name} was given two answers", earlier.pointer, later.pointer)

    def _compare_pins(self, story: Story) -> None:
        answers: defaultdict[str | None, list[tuple[dict[str, Any], Event]]] = defaultdict(list)
        for event in story.settles:
            if event.is_ok:
                value = self._evidence.line(event.pointer)["value"] or {}
                answers[event.order_id].append(({name: value.get(name) for name in _OF_ONE_PIN}, event))
        for order_id, several in answers.items():
            first, event = several[0]
            for other, later in several[1:]:
                self._repeats += 1
                if other != first:
                    self._found.add(
                        f"order {order_id} was told two things of {story.name}", event.pointer, later.pointer
                    )

    def _answer(self, event: Event) -> Any:
        """Return what was told: of a refusal its code and seats, since each has its own trace."""
        value = self._evidence.line(event.pointer)["value"]
        return value if event.is_ok else (event.code, sorted(event.named or ()))
