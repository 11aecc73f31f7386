"""What a variant left: its history, its ledgers read on demand, and single lines again for a witness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from trivet_lab.checkers._history import EVENTS, HISTORY, EvidenceError, History, Pointer
from trivet_lab.checkers._row import Row
from trivet_lab.evidence import Event, Record, VariantDirectory

T = TypeVar("T")
R = TypeVar("R", bound=Row)
TOPIC = "topic "
"""What a pointer into a topic begins with."""


class _Plan(msgspec.Struct, Generic[T], frozen=True):
    """What a rule needs of ``plan.json``."""

    errand: T


class Evidence:
    """All that one variant left. Checkers share it, so that every file is parsed once."""

    def __init__(self, directory: VariantDirectory) -> None:
        """Stand for what lies in this directory; nothing is read yet."""
        self.directory = directory
        self.history = History(directory.history)
        self._books: dict[object, object] = {}

    def book(self, kind: Callable[[Evidence], T]) -> T:
        """Return the one ``kind(self)`` that all checkers share; it is made at the first call.

        Raises:
            EvidenceError: as ``kind`` did, each time, without reading again.
        """
        if kind not in self._books:
            try:
                self._books[kind] = kind(self)
            except EvidenceError as error:
                self._books[kind] = error
        made = self._books[kind]
        if isinstance(made, EvidenceError):
            raise made
        return made  # type: ignore[return-value]  # the dictionary's values are what its keys make

    def errand(self, shape: type[T], otherwise: str) -> T:
        """Return what the crowd came for, as far as a rule needs it.

        Raises:
            EvidenceError: ``plan.json`` is missing, so that ``otherwise``, or has nothing of this shape.
        """
        path = self.directory.plan
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Plan[shape]).errand  # type: ignore[valid-type]  # a shape is a type
        except FileNotFoundError as error:
            raise EvidenceError(f"{path.name} is missing: {otherwise}") from error
        except msgspec.DecodeError as error:
            raise EvidenceError(f"{path.name} is damaged: {error}") from error

    def ledger(self, name: str, row: type[T]) -> Iterator[tuple[int, T]]:
        """Yield every row of a ledger with the byte offset of its line.

        Raises:
            EvidenceError: the ledger is missing, or a line is not such a row. An empty one yields nothing.
        """
        yield from _rows(self.directory.ledger(name), f"ledger {name}", msgspec.json.Decoder(row))

    def rows(self, kind: type[R]) -> Iterator[R]:
        """Yield every row of a kind's own ledger, each with its ``offset``.

        Raises:
            EvidenceError: as :meth:`ledger` does.
        """
        for offset, row in self.ledger(kind.LEDGER, kind):
            row.offset = offset
            yield row

    def has_ledger(self, name: str) -> bool:
        """Whether a ledger was read at all: a run of an older service lacks those that it did not keep yet."""
        return self.directory.ledger(name).exists()

    def topic(self, name: str) -> Iterator[tuple[int, Record]]:
        """Yield every record of a topic with the byte offset of its line.

        Raises:
            EvidenceError: the topic was not read, or a line is no record. An empty one yields nothing.
        """
        yield from _rows(self.directory.topic(name), f"{TOPIC}{name}", msgspec.json.Decoder(Record))

    def events(self) -> Iterator[tuple[int, Event]]:
        """Yield what the services told of themselves with the byte offset of each line, in order of time.

        Raises:
            EvidenceError: ``events.jsonl`` is missing, or a line is no event.
        """
        path = self.directory.events
        yield from _rows(path, path.name, msgspec.json.Decoder(Event))

    def line(self, pointer: Pointer) -> dict[str, Any]:
        """Return one line as it stands in its file."""
        name, offset = pointer
        own = {HISTORY: self.history.path, EVENTS: self.directory.events}
        path = own.get(name) or self._file(name)
        with path.open("rb") as file:
            file.seek(offset)
            return msgspec.json.decode(file.readline(), type=dict[str, Any])

    def _file(self, name: str) -> Path:
        """Return the file of a topic or a ledger."""
        is_topic = name.startswith(TOPIC)
        return self.directory.topic(name.removeprefix(TOPIC)) if is_topic else self.directory.ledger(name)


def _rows(path: Path, name: str, decoder: msgspec.json.Decoder[T]) -> Iterator[tuple[int, T]]:
    if not path.exists():
        raise EvidenceError(f"{name} is missing")
    offset = 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield offset, decoder.decode(line)
            except msgspec.DecodeError as error:
                raise EvidenceError(f"{name} is damaged at byte {offset}: {error}") from error
            offset += len(line)
