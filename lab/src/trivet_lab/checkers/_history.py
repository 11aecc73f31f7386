"""Reads a history once, in batches, and remembers where each key stands so that a witness can be read again."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from trivet_lab.evidence import Operation

HISTORY = "history"
EVENTS = "events"
OPERATIONS_A_BATCH = 4096

Pointer = tuple[str, int]
"""One line of the evidence: ``history``, ``events`` or a ledger's name, and the byte at which the line begins."""


class EvidenceError(Exception):
    """The evidence cannot carry the rule: a file is missing, empty or damaged. The verdict is unknown."""


class Repeat(NamedTuple):
    """An operation whose key an earlier line of the history has for the same ``f``; both by byte offset."""

    operation: Operation
    offset: int
    first_offset: int


@dataclasses.dataclass(frozen=True)
class Batch:
    """Consecutive operations of the history. ``offsets[i]`` is where ``operations[i]`` begins in the file, in bytes."""

    operations: list[Operation]
    offsets: list[int]
    repeats: list[Repeat]


class History:
    """The history of one variant, to be read once; afterwards its lines can be found again by key.

    ``unreadable`` counts lines that are no operation (torn, or without any attempt); they are skipped, and rules
    that argue from the absence of an operation have to allow for as many.
    """

    def __init__(self, path: Path) -> None:
        """Describe the history in this file, which need not exist."""
        self.path = path
        self.count = 0
        self.unreadable = 0
        self.first_unreadable = ""
        self._offsets: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._decode = msgspec.json.Decoder(Operation).decode

    def batches(self) -> Iterator[Batch]:
        """Yield the whole history; ``EvidenceError`` if there is none."""
        if not self.path.exists():
            raise EvidenceError(f"{self.path.name} is missing")
        with self.path.open("rb") as file:
            end = 0
            while lines := list(itertools.islice(file, OPERATIONS_A_BATCH)):
                offsets = list(itertools.accumulate(map(len, lines), initial=end))
                end = offsets.pop()
                try:
                    operations = [self._decode(line) for line in lines]
                except msgspec.DecodeError:
                    operations, offsets = self._salvage(lines, offsets)
                if not all(operation.attempts for operation in operations):
                    operations, offsets = self._without_unsent(operations, offsets)
                self.count += len(operations)
                yield self._batch(operations, offsets)
        if not self.count:
            raise EvidenceError(f"{self.path.name} is empty: it holds no operation")

    def pointer(self, f: str, key: str | None) -> Pointer | None:
        """Return where the first operation with this key is, among those read so far."""
        offset = self._offsets[f].get(key) if key is not None else None
        return None if offset is None else (HISTORY, offset)

    def _batch(self, operations: list[Operation], offsets: list[int]) -> Batch:
        repeats = []
        known = self._offsets
        for operation, offset in zip(operations, offsets, strict=True):
            key = operation.key
            if key is not None:
                first = known[operation.f].setdefault(key, offset)
                if first != offset:
                    repeats.append(Repeat(operation, offset, first))
        return Batch(operations, offsets, repeats)

    def _salvage(self, lines: list[bytes], offsets: list[int]) -> tuple[list[Operation], list[int]]:
        operations, kept = [], []
        for line, offset in zip(lines, offsets, strict=True):
            try:
                operations.append(self._decode(line))
            except msgspec.DecodeError as error:
                if line.strip():
                    self._skip(offset, str(error))
            else:
                kept.append(offset)
        return operations, kept

    def _without_unsent(self, operations: list[Operation], offsets: list[int]) -> tuple[list[Operation], list[int]]:
        sent = []
        for operation, offset in zip(operations, offsets, strict=True):
            if operation.attempts:
                sent.append((operation, offset))
            else:
                self._skip(offset, f"operation {operation.op} has no attempt")
        return [operation for operation, _ in sent], [offset for _, offset in sent]

    def _skip(self, offset: int, reason: str) -> None:
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or f"at byte {offset}: {reason}"
