"""Nobody is sent away while there is stock: the opposite of overselling, and as wrong."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError, Repeat
from trivet_lab.checkers._inventory import BUY, Inventory, asked, is_done, refusal
from trivet_lab.checkers._timeline import NEVER_AFTER_NS, NEVER_BEFORE_NS, Timeline, stock_timeline
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Operation

_WIDTH = 4  # call_ns, return_ns, quantity and offset: the refusals of an item lie in one flat array, maybe a million


class RefusalsLegal(Checker):
    """Compares every *out of stock* with all that the item's stock can have been while it was asked for.

    The interval runs from the first call with the key, since any attempt of any operation that has the key may have
    decided, to the return of the attempt that brought the refusal. Only a stock that *cannot* have been too low makes
    a refusal illegal.
    """

    NAME: ClassVar[str] = "refusals_legal"
    RULE: ClassVar[str] = (
        "A purchase is refused as out of stock only if the stock can have been below its quantity "
        "at some instant between its first call and the refusal."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Inventory).expect_purchases()
        rows = self._book.rows
        self._calls = array("q", [NEVER_AFTER_NS]) * rows
        self._returns = array("q", [NEVER_AFTER_NS]) * rows
        self._refusals: dict[str, array[int]] = {}
        self._first_calls: dict[str, int] = {}  # of keys that several operations share
        self._sharing: dict[int, str] = {}  # the offsets of those operations

    def read(self, batch: Batch) -> None:
        """Note when each row was asked for and acknowledged, and every refusal."""
        books, calls, returns = self._book.by_key, self._calls, self._returns
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            f, key = operation.f, operation.key
            if f not in books:
                continue
            row = books[f].get(key) if key is not None else self._book.row_of(operation)
            if row is not None:
                number, call_ns = row.number, operation.attempts[0].call_ns
                calls[number] = min(calls[number], call_ns)
                if operation.outcome == "ok":
                    returns[number] = min(returns[number], _done_ns(operation))
            if operation.outcome != "ok" and f == BUY:
                attempt = refusal(operation)
                if attempt is not None:
                    item_id, quantity = asked(operation)
                    refusals = self._refusals.setdefault(item_id, array("q"))
                    refusals.extend((operation.attempts[0].call_ns, attempt.return_ns, quantity, offset))
        for repeat in batch.repeats:
            if repeat.operation.f == BUY:
                self._share(repeat)

    def finish(self) -> Ruling:
        """Rule over each item's refusals."""
        self._unbind_rows_without_an_operation()
        found, doubts, judged = Violations(), Counter[str](), 0
        for item_id, refusals in sorted(self._refusals.items()):
            try:
                timeline = self._timeline(item_id)
            except EvidenceError as error:
                doubts[str(error)] += len(refusals) // _WIDTH
                continue
            judged += len(refusals) // _WIDTH
            self._judge(item_id, timeline, refusals, found)
        ruling = found.ruling(self._evidence, f"{judged:,} refusals, each can have met too little stock")
        if ruling.verdict == "valid" and doubts:
            reasons = "; ".join(f"{reason} ({count:,} refusals)" for reason, count in doubts.items())
            return Ruling("unknown", f"refusals that cannot be judged: {reasons}")
        if ruling.verdict == "valid" and not judged:
            return Ruling("valid", "nobody was refused")
        return ruling

    def _share(self, repeat: Repeat) -> None:
        """Note the first call with a key over all operations: whichever decided, the others were told the same."""
        key = repeat.operation.key or ""
        if key not in self._first_calls:
            first = self._evidence.line((HISTORY, repeat.first_offset))
            self._first_calls[key] = first["attempts"][0]["call_ns"]
            self._sharing[repeat.first_offset] = key
        self._first_calls[key] = min(self._first_calls[key], repeat.operation.call_ns)
        self._sharing[repeat.offset] = key

    def _unbind_rows_without_an_operation(self) -> None:
        """Let a row that no operation explains, a key's second or a hold's, have taken effect at any time."""
        for number, call in enumerate(self._calls):
            if call == NEVER_AFTER_NS:
                self._calls[number] = NEVER_BEFORE_NS

    def _timeline(self, item_id: str) -> Timeline:
        item = self._book.items.get(item_id)
        if item is None:
            raise EvidenceError(f"{item_id} is no item of the ledger")
        return stock_timeline(item, self._book.chain(item_id), self._calls, self._returns)

    def _judge(self, item_id: str, timeline: Timeline, refusals: array[int], found: Violations) -> None:
        for call, until, quantity, offset in zip(*(refusals[column::_WIDTH] for column in range(_WIDTH)), strict=True):
            if offset in self._sharing:
                call = self._first_calls[self._sharing[offset]]  # noqa: PLW2901  - the key's, not the operation's
            if call > until or timeline.below(quantity, call, until):
                continue  # a refusal before its call is damaged evidence, not a violation
            lowest = timeline.lowest(call, until)
            found.add(
                f"{quantity} × {item_id} was refused, but from {call:,} ns to {until:,} ns "
                f"its stock was at least {lowest:,}",
                (HISTORY, offset),
            )


def _done_ns(operation: Operation) -> int:
    """Return when the answer first came; the last return if no attempt shows it."""
    return next((attempt.return_ns for attempt in operation.attempts if is_done(attempt)), operation.return_ns)
