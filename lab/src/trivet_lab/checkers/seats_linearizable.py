"""One order of everything that was done to a seat explains all that everybody was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import wipes
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError
from trivet_lab.checkers._maps import read_map
from trivet_lab.checkers._porcupine import ask
from trivet_lab.checkers._projection import Projection, Step, at_seat, is_plain, standing_for_certain, unknown_since
from trivet_lab.checkers._seats import Rush, Story

WHOLE_MAX = 300
"""Up to so many operations a show is judged as a whole too."""
PICTURE = "seats_linearizable.html"
_encode = msgspec.json.encode


class SeatsLinearizable(Checker):
    """Lets Porcupine place every operation on a seat at one instant between its call and its return.

    Each seat is a history of its own: of a hold of several seats each has its share. That every seat is linearizable is
    *necessary* for the show to be and, since a hold takes all its seats at one instant, not sufficient; so a small show
    is judged whole as well, where the search may give up. Expiry and a loss of Valkey's memory are operations, what
    nobody knows the end of may be placed anywhere after its call or nowhere.

    The picture that Porcupine draws of a violation stands beside the variant's history.
    """

    NAME: ClassVar[str] = "seats_linearizable"
    RULE: ClassVar[str] = (
        "For every seat there is one order of its holds, extensions, pins, confirmations, releases, expiries and "
        "losses of memory, each between call and return, in which each ends as it was told."
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
        """Ask Porcupine."""
        shows: defaultdict[str, list[Story]] = defaultdict(list)
        for story in self._rush.lives():
            if story.seats:
                shows[story.name.show_id].append(story)
        if not shows:
            raise EvidenceError("nobody asked for a seat")
        picture = self._evidence.directory.path / PICTURE
        answer = ask((line for show_id, stories in shows.items() for line in self._lines(show_id, stories)), picture)
        seen = f"{answer.checked:,} histories of seats and small shows"
        if answer.result == "illegal":
            drawn = f"; drawn in {PICTURE}" if answer.picture else ""
            witness = [self._evidence.line((HISTORY, offset)) for offset in answer.witness]
            return Ruling("invalid", f"no order explains what was told of {answer.partition}{drawn}", witness)
        if answer.result != "ok":
            return Ruling("unknown", f"{seen} have an order; the time was too short for {_few(answer.undecided)}")
        also = f"; {_few(answer.undecided)} seat by seat alone" if answer.undecided else ""
        return Ruling("valid", f"{seen}, each has an order{also}")

    def _lines(self, show_id: str, stories: list[Story]) -> Iterator[bytes]:
        """Yield the operations of each seat of a show, and of the whole show if it is small."""
        projection = Projection(self._wipes)
        standing = standing_for_certain(stories, self._wipes)
        unknown = unknown_since(stories, self._wipes)
        steps = [step for story in stories for step in projection.story(story)]
        steps += [step for story in stories for step in projection.refusals(story, unknown)]
        touched = sorted({seat for step in steps for seat in step.seats})
        steps += self._looks(show_id, projection, set(touched))
        for step in steps:
            for seat in step.seats:
                if not is_plain(step, (seat,), standing):
                    yield _line(f"{show_id}/{seat}", at_seat(step, seat))
        memory = list(projection.wipes(touched))
        for seat in touched:
            yield from (_line(f"{show_id}/{seat}", at_seat(step, seat)) for step in memory)
        whole = [step for step in (*steps, *memory) if not is_plain(step, step.seats, standing)]
        if len(whole) <= WHOLE_MAX:
            yield from (_line(f"{show_id}/*", msgspec.to_builtins(step)) for step in whole)

    def _looks(self, show_id: str, projection: Projection, touched: set[str]) -> Iterator[Step]:
        """Yield how the seats were at rest; what nobody touched is for another rule to judge."""
        pointer = self._rush.at_rest.get(show_id)
        if pointer is None:
            return
        attempts = self._evidence.line(pointer)["attempts"]
        for seat in read_map(self._evidence, pointer):
            if seat.id in touched:
                yield projection.look(
                    pointer[1], seat.id, seat.state, attempts[-1]["call_ns"], attempts[-1]["return_ns"]
                )


def _line(partition: str, step: dict[str, Any]) -> bytes:
    return _encode({"partition": partition, **step}) + b"\n"


def _few(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1:,} more" if len(names) > 1 else "".join(names)
