"""Whether the history can be believed at all: a damaged one proves nothing, for better or worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, get_args

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, Repeat
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import SCENE, Outcome


class _Summary(msgspec.Struct, frozen=True):
    """What this rule needs of ``load.json``: how many operations ended with each outcome, if the generator says so."""

    ended: dict[str, int] | None = None


class HistoryWhole(Checker):
    """Looks for damage that no service can cause, only the generator or the disk; so it never says *invalid*."""

    NAME: ClassVar[str] = "history_whole"
    RULE: ClassVar[str] = (
        "Every line is an operation, no number stands twice, nothing returns before its call, "
        "every success has its answer, no key is sent with two payloads, "
        "and of the crowd's there are as many operations of each outcome as the load generator counted."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any operation; no ledger is needed.

        A load.json that is missing or damaged is for another rule to tell.
        """
        self._evidence = evidence
        self._numbers: set[int] = set()
        self._found = Violations()
        self._ended: Counter[str] = Counter()

    def read(self, batch: Batch) -> None:
        """Look at every operation's number and clock."""
        self._count(batch)
        self._ended.update(operation.outcome for operation in batch.operations if operation.client != SCENE)
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            clock = 0
            for attempt in operation.attempts:
                if attempt.return_ns < attempt.call_ns or attempt.call_ns < clock:
                    self._found.add(f"operation {operation.op} returned before its call", (HISTORY, offset))
                    break
                clock = attempt.call_ns
            if operation.outcome == "ok" and operation.value is None:
                self._found.add(f"operation {operation.op} succeeded without an answer", (HISTORY, offset))
        for repeat in batch.repeats:
            self._compare(repeat)

    def finish(self) -> Ruling:
        """Rule: damage makes the verdict unknown."""
        history = self._evidence.history
        if history.unreadable:
            self._found.add(f"{history.unreadable:,} lines are unreadable, the first {history.first_unreadable}")
        self._compare_counts()
        ruling = self._found.ruling(self._evidence, f"{history.count:,} operations, all readable")
        return Ruling("valid" if ruling.verdict == "valid" else "unknown", ruling.observed, ruling.witness)

    def _compare_counts(self) -> None:
        """Look for lines that are gone without a trace: the loss of a refusal would break no other rule."""
        try:
            counted = msgspec.json.decode(self._evidence.directory.load.read_bytes(), type=_Summary).ended
        except (OSError, msgspec.DecodeError):
            return
        if counted is not None and +Counter(counted) != self._ended:
            self._found.add(f"the load generator counted {_tell(counted)}, the history holds {_tell(self._ended)}")

    def _count(self, batch: Batch) -> None:
        known = self._numbers
        numbers = [operation.op for operation in batch.operations]
        if known.isdisjoint(numbers) and len(set(numbers)) == len(numbers):
            known.update(numbers)
            return
        for number, offset in zip(numbers, batch.offsets, strict=True):
            if number in known:
                self._found.add(f"operation number {number} stands twice", (HISTORY, offset))
            known.add(number)

    def _compare(self, repeat: Repeat) -> None:
        first = self._evidence.line((HISTORY, repeat.first_offset))
        if first["args"] != repeat.operation.args:
            self._found.add(
                f"key {repeat.operation.key} was sent with two payloads",
                (HISTORY, repeat.first_offset),
                (HISTORY, repeat.offset),
            )


def _tell(ended: Mapping[str, int]) -> str:
    return ", ".join(f"{ended.get(outcome, 0):,} {outcome}" for outcome in get_args(Outcome))
