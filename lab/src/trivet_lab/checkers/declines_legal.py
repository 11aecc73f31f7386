"""Nobody is told that their money is gone while it is there."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from itertools import accumulate
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._supply import openings
from trivet_lab.checkers._timeline import NEVER_AFTER_NS, NEVER_BEFORE_NS, Timeline
from trivet_lab.checkers._wallet import (
    ANOTHER,
    CAPTURE,
    CHARGE,
    CUSTOMER,
    INSUFFICIENT_FUNDS,
    KINDS,
    VOID,
    Posting,
    Wallet,
    asked,
    by_version,
    decline,
    done_ns,
    payer,
)
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import Operation

ASKING = KINDS | {ANOTHER}
_WIDTH = 4  # first call, return, amount and offset: the declines of an account lie in one flat array


class _Held:
    """What can have been held back of one account: each authorisation from its call until it was over for certain.

    Which of them were there together is not looked at, so this may be too much and is never too little.
    """

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, int]] = []

    def add(self, from_ns: int, to_ns: int, amount: int) -> None:
        """Note an authorisation."""
        self._spans.append((from_ns, to_ns, amount))

    def close(self) -> None:
        """Order what was noted, before the first question."""
        begun = sorted((from_ns, amount) for from_ns, _, amount in self._spans)
        over = sorted((to_ns, amount) for _, to_ns, amount in self._spans)
        self._begins, self._ends = [at for at, _ in begun], [at for at, _ in over]
        self._begun = [0, *accumulate(amount for _, amount in begun)]
        self._over = [0, *accumulate(amount for _, amount in over)]

    def most(self, from_ns: int, to_ns: int) -> int:
        """Return what was held at the most at some instant of the closed interval."""
        return self._begun[bisect_right(self._begins, to_ns)] - self._over[bisect_left(self._ends, from_ns)]


class DeclinesLegal(Checker):
    """Compares every *insufficient funds* of a customer with all that can have been available while it was asked for.

    The balance is known at every version of the account and only the instants are not, as with an item's stock. What
    authorisations hold back has no place in that order: whatever of it can have been there at some instant of the
    interval counts against the balance at every one. Only money that *cannot* have been too little makes a decline
    illegal.
    """

    NAME: ClassVar[str] = "declines_legal"
    RULE: ClassVar[str] = (
        "A customer is declined for want of money only if what was available can have been below the amount "
        "at some instant between the first call and the answer."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books and the plan."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._openings = openings(evidence)
        rows = len(self._book.decisions)
        self._calls = array("q", [NEVER_AFTER_NS]) * rows
        self._returns = array("q", [NEVER_AFTER_NS]) * rows
        self._declines: dict[str, array[int]] = {}
        self._first_calls: dict[tuple[str, str], int] = {}  # of keys that several operations share
        self._sharing: dict[int, tuple[str, str]] = {}  # the offsets of those operations

    def read(self, batch: Batch) -> None:
        """Note when each decision was asked for and acknowledged, and every decline."""
        books, calls, returns = self._book.by_key, self._calls, self._returns
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            key = operation.key
            kind, payload = asked(operation)
            if key is None or kind not in KINDS:
                continue
            row = books[kind].get(key)
            if row is not None:
                number, call_ns = row.number, operation.attempts[0].call_ns
                calls[number] = min(calls[number], call_ns)
                if operation.outcome == "ok":
                    returns[number] = min(returns[number], done_ns(operation))
            if operation.outcome != "ok":
                self._note(operation, payer(kind, payload), payload.get("amount_minor", 0), offset)
        for repeat in batch.repeats:
            if repeat.operation.f in ASKING and repeat.operation.key is not None:
                self._share(repeat.operation, repeat.offset, repeat.first_offset)

    def finish(self) -> Ruling:
        """Rule over each account's declines."""
        self._place_what_no_operation_explains()
        postings = self._postings()
        held = self._held()
        found, doubts, judged = Violations(), Counter[str](), 0
        for account_id, declines in sorted(self._declines.items()):
            try:
                timeline = self._timeline(account_id, postings.get(account_id, []))
            except EvidenceError as error:
                doubts[str(error)] += len(declines) // _WIDTH
                continue
            judged += len(declines) // _WIDTH
            self._judge(account_id, timeline, held[account_id], declines, found)
        ruling = found.ruling(self._evidence, f"{judged:,} declines, each can have met too little money")
        if ruling.verdict == "valid" and doubts:
            reasons = "; ".join(f"{reason} ({count:,} declines)" for reason, count in doubts.items())
            return Ruling("unknown", f"declines that cannot be judged: {reasons}")
        if ruling.verdict == "valid" and not judged:
            return Ruling("valid", "no customer was declined")
        return ruling

    def _note(self, operation: Operation, account_id: str | None, amount: int, offset: int) -> None:
        attempt = decline(operation)
        if attempt is None or attempt.code != INSUFFICIENT_FUNDS:
            return
        account = self._book.accounts.get(account_id) if account_id is not None else None
        if account is None or account.kind != CUSTOMER:
            return  # a merchant's credits are in no order, so any decline is possible
        declines = self._declines.setdefault(account.account_id, array("q"))
        declines.extend((operation.attempts[0].call_ns, attempt.return_ns, amount, offset))

    def _share(self, operation: Operation, offset: int, first_offset: int) -> None:
        """Note the first call with a key over all operations: whichever decided, the others were told the same."""
        name = (operation.f, operation.key or "")
        if name not in self._first_calls:
            self._first_calls[name] = self._evidence.line((HISTORY, first_offset))["attempts"][0]["call_ns"]
            self._sharing[first_offset] = name
        self._first_calls[name] = min(self._first_calls[name], operation.call_ns)
        self._sharing[offset] = name

    def _place_what_no_operation_explains(self) -> None:
        """Put what the scenario did before the crowd came before everything; what nobody explains was at any time."""
        for row in self._book.decisions:
            if self._calls[row.number] == NEVER_AFTER_NS:
                self._calls[row.number] = NEVER_BEFORE_NS
                if row.key in self._openings:
                    self._returns[row.number] = NEVER_BEFORE_NS

    def _postings(self) -> dict[str, list[Posting]]:
        found: defaultdict[str, list[Posting]] = defaultdict(list)
        for posting in self._book.postings:
            if posting.account_id in self._declines:
                found[posting.account_id].append(posting)
        return found

    def _held(self) -> defaultdict[str, _Held]:
        """Return what authorisations can have held back: from their call until a capture or a void was answered."""
        over: dict[str, int] = {}
        for row in self._book.decisions:
            if row.kind in (CAPTURE, VOID) and row.is_done and row.charge_key is not None:
                over[row.charge_key] = min(over.get(row.charge_key, NEVER_AFTER_NS), self._returns[row.number])
        held: defaultdict[str, _Held] = defaultdict(_Held)
        for row in self._book.decisions:
            if row.kind == CHARGE and row.is_done and row.transaction_id is None and row.account_id is not None:
                until = over.get(row.key or "", NEVER_AFTER_NS)
                held[row.account_id].add(self._calls[row.number], until, row.amount_minor or 0)
        for account_id in self._declines:
            held[account_id].close()
        return held

    def _timeline(self, account_id: str, postings: list[Posting]) -> Timeline:
        ordered = by_version(postings) if postings else []
        versions = {posting.account_version for posting in ordered}
        balances = [0, *accumulate(posting.amount_minor for posting in ordered)]
        if len(versions) < len(ordered) or balances[-1] != self._book.accounts[account_id].balance_minor:
            raise EvidenceError(f"the postings of {account_id} do not follow from each other")
        numbers = [self._number(posting) for posting in ordered]
        return Timeline(
            account_id, balances, [self._calls[number] for number in numbers], [self._returns[n] for n in numbers]
        )

    def _number(self, posting: Posting) -> int:
        row = self._book.owner(self._book.transactions.get(posting.transaction_id))
        if row is None:
            raise EvidenceError(f"posting {posting.posting_id} belongs to no operation")
        return row.number

    def _judge(self, account_id: str, timeline: Timeline, held: _Held, declines: array[int], found: Violations) -> None:
        for call, until, amount, offset in zip(*(declines[column::_WIDTH] for column in range(_WIDTH)), strict=True):
            if offset in self._sharing:
                call = self._first_calls[self._sharing[offset]]  # noqa: PLW2901  - the key's, not the operation's
            if call > until or timeline.below(amount, call, until):
                continue  # an answer before its call is damaged evidence, not a violation
            most = held.most(call, until)
            if timeline.below(amount + most, call, until):
                continue
            lowest = timeline.lowest(call, until) - most
            found.add(
                f"{amount:,} of {account_id} was declined, but from {call:,} ns to {until:,} ns at least {lowest:,} "
                "was available",
                (HISTORY, offset),
            )
