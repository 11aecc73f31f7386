"""One key, one payload, one effect, one answer: what idempotency promises where money moves."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, Pointer
from trivet_lab.checkers._wallet import ANOTHER, KINDS, Transaction, Wallet, asked, decline, is_done, trail
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import STORED, Operation

KEY_REUSED = "idempotency-key-reuse"
_REFUSALS = range(400, 500)
_OF_ONE_ATTEMPT = frozenset({"request-in-flight", KEY_REUSED})
"""Refusals that say nothing of what a key is for: another request has it just now, or for another payload."""


class OneEffectAKey(Checker):
    """Looks for keys with two rows or two transactions, and for answers under one key that contradict each other.

    Which of two payloads a key belongs to is decided by who comes first; the other one must be refused, and whoever
    comes when the first was already answered is the other one for certain.
    """

    NAME: ClassVar[str] = "one_effect_a_key"
    RULE: ClassVar[str] = (
        "A key of one kind of operation has at most one row and one transaction, everybody who asked under it was told "
        "the same, and another payload under a used key is always refused as such."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._found = Violations()
        self._settled: dict[tuple[str, str], tuple[Any, Pointer]] = {}
        self._others: list[tuple[str, str, int]] = []
        self._retried = self._repeated = 0

    def read(self, batch: Batch) -> None:
        """Compare every answer with its row, and the answers of operations that share a key with each other."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.key is None:
                continue
            kind, payload = asked(operation)
            if kind not in KINDS:
                continue
            if len(operation.attempts) > 1:
                self._retried += 1
                if decline(operation) and any(is_done(attempt) for attempt in operation.attempts):
                    self._found.add(f"operation {operation.op} was both served and refused", (HISTORY, offset))
            self._compare(kind, operation, payload, offset)
            if operation.f == ANOTHER:
                self._others.append((kind, operation.key, offset))
        for repeat in batch.repeats:
            if repeat.operation.f in KINDS and repeat.operation.key is not None:
                self._repeated += 1
                self._agree(repeat.operation.f, repeat.operation.key, (HISTORY, repeat.first_offset))
                self._agree(repeat.operation.f, repeat.operation.key, (HISTORY, repeat.offset))

    def finish(self) -> Ruling:
        """Rule over rows, transactions and answers."""
        for kind, key, offset in self._others:
            self._judge_other(kind, key, (HISTORY, offset))
        for row in self._book.again:
            first = self._book.by_key[row.kind][row.key or ""]
            self._found.add(f"key {row.key} has two rows of {row.kind}", *trail(self._evidence, first), row.pointer)
        movements: defaultdict[int, list[Transaction]] = defaultdict(list)
        for transaction in self._book.transactions.values():
            owner = self._book.owner(transaction)
            if owner is not None:
                movements[owner.number].append(transaction)
        for number, several in movements.items():
            if len(several) > 1:
                owner = self._book.decisions[number]
                self._found.add(
                    f"the {owner.kind} with key {owner.key} has {len(several)} transactions",
                    *trail(self._evidence, owner),
                    *(transaction.pointer for transaction in several),
                )
        return self._found.ruling(
            self._evidence,
            f"{len(self._book.decisions):,} rows, no key twice; {self._retried:,} retried and {self._repeated:,} "
            f"repeated operations agree, {len(self._others):,} were about another payload",
        )

    def _compare(self, kind: str, operation: Operation, payload: dict[str, Any], offset: int) -> None:
        """Look whether what an operation was told for good is what its row says."""
        row = self._book.by_key[kind].get(operation.key or "")
        if row is None or operation.outcome == "unknown":
            return
        refused = decline(operation)
        if operation.outcome == "fail" and refused is None:
            return
        told = refused.code if refused and operation.outcome == "fail" else None
        if told != row.code and operation.f != ANOTHER and self._book.payload_fits(row, payload):
            self._found.add(
                f"operation {operation.op} was told {told or 'done'}, and its row says {row.status} {row.code or ''}",
                (HISTORY, offset),
                row.pointer,
            )

    def _agree(self, kind: str, key: str, pointer: Pointer) -> None:
        """Take in one stored answer under a key; an operation that brought none settles nothing."""
        line = self._evidence.line(pointer)
        answer = line["value"] if line["outcome"] == "ok" else _refusal(line) if line["outcome"] == "fail" else None
        if answer is not None:
            known = self._settled.setdefault((kind, key), (answer, pointer))
            if known[0] != answer:
                self._found.add(f"key {key} was given two answers", known[1], pointer)

    def _judge_other(self, kind: str, key: str, pointer: Pointer) -> None:
        """Look whether a second payload was let in although the key was the first one's."""
        row = self._book.by_key[kind].get(key)
        line = self._evidence.line(pointer)
        payload = {name: value for name, value in line["args"].items() if name != "operation"}
        if row is None or self._book.payload_fits(row, payload):
            return  # the key was free, or it came first
        told = "done" if line["outcome"] == "ok" else _refusal(line)
        if told is not None:
            self._found.add(
                f"operation {line['op']} sent another payload under key {key} and was told {told}", pointer, row.pointer
            )
            return
        first = self._evidence.history.pointer(kind, key)
        owner = self._evidence.line(first) if first else None
        if owner is None or owner["outcome"] != "ok":
            return
        used_ns = min(each["return_ns"] for each in owner["attempts"] if 200 <= each["status"] < 300)
        for attempt in line["attempts"]:
            status, code = attempt["status"], attempt.get("code")
            refused_otherwise = status in _REFUSALS and status not in (408, 429) and code not in _OF_ONE_ATTEMPT
            if attempt["call_ns"] > used_ns and refused_otherwise:
                self._found.add(
                    f"operation {line['op']} sent another payload under key {key}, which was used, and was told "
                    f"{status} {code}",
                    *([first] if first else []),
                    pointer,
                )
                return


def _refusal(line: dict[str, Any]) -> str | None:
    """Return the stored refusal that an operation's line was told, if it was."""
    return next((code for attempt in line["attempts"] if (code := attempt.get("code")) in STORED), None)
