"""A key orders once: whoever repeats it is told the same, and another order under it is refused."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.checkers._ordering import KEY_REUSED, Asked, Crowd
from trivet_lab.checkers._orders import Orders
from trivet_lab.checkers._witness import Violations

NOBODYS_FAULT = frozenset({401, 403, 408, 429})
"""Refusals that say nothing of the key."""


class OneOrderAKey(Checker):
    """Compares everything that was sent under one key: rows, answers and refusals.

    A key belongs to the payload that came first, which the crowd cannot see; so all that were accepted must be one
    payload, and whoever was refused for the key's sake must have met another one.
    """

    NAME: ClassVar[str] = "one_order_a_key"
    RULE: ClassVar[str] = (
        "A customer's key made one order at most and an order has one key, everybody who sent that order under it was "
        "given the same answer, and another one is always refused as a used key."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._crowd = evidence.book(Crowd)
        self._found = Violations()
        self._repeats = 0

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every key."""
        found = self._found
        for (customer, key), rows in self._book.keys_of.items():
            if len(rows) > 1:
                found.add(f"key {key} of {customer} made {len(rows):,} orders", *(row.pointer for row in rows))
        for order_id, rows in self._book.keys_to.items():
            if len(rows) > 1:
                found.add(f"order {order_id} has {len(rows):,} keys", *(row.pointer for row in rows))
        for several in self._crowd.by_key.values():
            self._compare(several)
        told = f"{len(self._crowd.by_key):,} keys; {self._repeats:,} repeats were told the same"
        return found.ruling(self._evidence, told)

    def _compare(self, several: list[Asked]) -> None:
        done = sorted((asked for asked in several if asked.is_ok), key=lambda asked: asked.done_ns)
        for asked in done[1:]:
            self._repeats += 1
            first = done[0]
            if asked.payload != first.payload:
                self._found.add(f"two orders were taken under key {asked.key}", first.pointer, asked.pointer)
            elif self._answer(asked) != self._answer(first):
                self._found.add(f"key {asked.key} was given two answers", first.pointer, asked.pointer)
        for asked in several:
            if asked.outcome == "fail" and not asked.lost:
                self._judge_refused(asked, several, done)

    def _judge_refused(self, asked: Asked, several: list[Asked], done: list[Asked]) -> None:
        others = [other for other in several if other.payload != asked.payload and other.may_have_happened]
        if asked.code == KEY_REUSED:
            if not others:
                self._found.add(f"key {asked.key} was refused as used, and only ever had this order", asked.pointer)
        elif asked.status not in NOBODYS_FAULT and done and done[0].done_ns < asked.call_ns:
            told = f"{asked.status} {asked.code or ''}".strip()
            self._found.add(f"key {asked.key} was used, and answered with {told}", done[0].pointer, asked.pointer)

    def _answer(self, asked: Asked) -> object:
        return self._evidence.line(asked.pointer)["value"]
