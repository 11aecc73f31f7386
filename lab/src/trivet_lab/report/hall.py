"""The hall of a rush, seat by seat and instant by instant, as the crowd was told it. Pure: no file is opened here.

What a history tells of a seat are answers: it is held from the answer that granted it until its time is over or until
it was released or pinned; and pinned, and sold, from the answers that said so. A service knows it a moment earlier.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trivet_lab.evidence import Operation

FREE, HELD, PINNED, SOLD, TWICE = range(5)
STATES: Final = ("free", "held", "pinned", "sold", "two people’s")
SHAPES: Final = (
    "",
    "M6 10H14",
    "M10 4.5L15.5 10L10 15.5L4.5 10Z",
    "M5 10a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z",
    "M5 5L15 15M15 5L5 15",
)
"""A path in a square of 20 for each state, so that none is told by its colour alone."""
ROWS_MAX, SEATS_MAX = 14, 800
CELL = 22
NS_PER_MS = 1_000_000
CONFIRMED = "Order Confirmed"

HoldName = tuple[str, str, str]


@dataclasses.dataclass
class _Hold:
    """What the crowd was told of one hold, nanoseconds since the run began; ``ends`` are its order's releases."""

    seats: Sequence[str] = ()
    held: int | None = None
    until: int = 0
    pinned: int | None = None
    sold: int | None = None
    over: int | None = None


class HallTally:
    """Counts what one pass over a history tells of seats."""

    def __init__(self) -> None:
        """Begin before the first operation."""
        self._rows: dict[str, list[list[str]]] = {}
        self._asked: Counter[str] = Counter()
        self._holds: dict[HoldName, _Hold] = {}
        self._wanted: dict[str, dict[str, list[int]]] = {}

    def add(self, operation: Operation) -> None:
        """Take in one operation, whatever it is about."""
        args = operation.args
        show_id = args.get("show_id")
        if not isinstance(show_id, str):
            self._tell_of_order(operation)
            return
        if operation.f == "show":
            self._rows[show_id] = rows_of(args.get("blocks", []))
        elif operation.f == "hold":
            self._asked[show_id] += 1
            seats = self._wanted.setdefault(show_id, {})
            for seat in args.get("seats", ()):
                seats.setdefault(seat, []).append(operation.call_ns // NS_PER_MS)
        if operation.outcome == "ok" and "id" in args:
            name = (show_id, str(args.get("subject")), str(args["id"]))
            self._tell(self._holds.setdefault(name, _Hold()), operation)

    def chart(self) -> dict[str, Any] | None:
        """Return the rows of the hall that most wanted to see that somebody wanted, and what became of each seat."""
        if not self._rows or not self._asked:
            return None
        show_id = min(self._rows, key=lambda name: (-self._asked[name], name))
        wanted = self._wanted.get(show_id, {})
        rows = [row for row in self._rows[show_id] if any(seat in wanted for seat in row)]
        drawn = rows[: max(1, min(ROWS_MAX, SEATS_MAX // max(len(row) for row in rows)))] if rows else []
        spans = self._spans(show_id)
        steps = [[_steps(spans.get(seat, ())) for seat in row] for row in drawn]
        return {
            "show": show_id,
            "rows": drawn,
            "left_out": sum(map(len, self._rows[show_id])) - sum(map(len, drawn)),
            "steps": steps,
            "wanted": [[sorted(wanted.get(seat, ())) for seat in row] for row in drawn],
            "twice": sorted({seat for seat, each in spans.items() if any(state == TWICE for _, state in _steps(each))}),
        }

    def _tell(self, hold: _Hold, operation: Operation) -> None:
        value, at_ns = operation.value or {}, operation.return_ns
        if operation.f == "hold" and (hold.held is None or at_ns < hold.held):
            hold.held, hold.seats = at_ns, operation.args.get("seats", ())
            hold.until = max(hold.until, at_ns + _granted_ns(operation))
        elif operation.f == "extend":
            hold.until = max(hold.until, at_ns + _granted_ns(operation))
        elif operation.f in ("pin", "confirm"):
            hold.seats = hold.seats or value.get("seats", ())
            hold.pinned = min(at_ns, hold.pinned or at_ns)
            if operation.f == "confirm":
                hold.sold = min(at_ns, hold.sold or at_ns)
        elif operation.f == "release" and hold.sold is None:
            hold.over = min(at_ns, hold.over or at_ns)

    def _tell_of_order(self, operation: Operation) -> None:
        """Take in that an order was shown as confirmed: the seats that were held for it are sold."""
        value = operation.value or {}
        if value.get("status") != CONFIRMED:
            return
        for line in value.get("lines", ()):
            if line.get("hold_id"):
                name = (str(line["show_id"]), str(operation.args.get("customer_id")), str(line["hold_id"]))
                hold = self._holds.setdefault(name, _Hold())
                hold.pinned = hold.sold = min(operation.return_ns, hold.sold or operation.return_ns)

    def _spans(self, show_id: str) -> dict[str, list[tuple[int, int | None, int]]]:
        """Return (from ms, to ms, state) of every hold of each seat; None is for good."""
        found: dict[str, list[tuple[int, int | None, int]]] = {}
        for name, hold in self._holds.items():
            if name[0] == show_id:
                for seat in hold.seats:
                    found.setdefault(seat, []).extend(_told(hold))
        return found


def rows_of(blocks: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return the ids of all seats row by row, as the blocks of a show say it; a block of single seats is a row."""
    found: list[list[str]] = []
    for block in blocks:
        name, per_row = block.get("name"), block.get("seats_per_row", 0)
        found += [
            [f"{name}-{row}-{seat}" for seat in range(1, per_row + 1)] for row in range(1, block.get("rows", 0) + 1)
        ]
        if block.get("seats"):
            found.append(list(block["seats"]))
    return found


def legend(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the states, each with its shape and how many drawn seats ended in it."""
    ends = Counter(steps[-1][1] if steps else FREE for row in chart["steps"] for steps in row)
    return [
        {"state": state, "name": name, "shape": SHAPES[state], "count": ends[state]}
        for state, name in enumerate(STATES)
    ]


def picture(chart: Mapping[str, Any]) -> dict[str, Any]:
    """Return the drawn seats as they were in the end, each with its place, for a page that runs no script."""
    width = max((len(row) for row in chart["rows"]), default=1)
    seats = [
        {
            "id": seat,
            "x": round((width - len(row)) * CELL / 2 + place * CELL, 1),
            "y": number * CELL,
            "state": (steps[-1][1] if steps else FREE),
        }
        for number, (row, told) in enumerate(zip(chart["rows"], chart["steps"], strict=True))
        for place, (seat, steps) in enumerate(zip(row, told, strict=True))
    ]
    return {"width": width * CELL, "height": len(chart["rows"]) * CELL, "seats": seats}


def _granted_ns(operation: Operation) -> int:
    granted = (operation.value or {}).get("expires_in_ms", operation.args.get("ttl_ms", 0))
    return granted * NS_PER_MS if isinstance(granted, int) else 0


def _told(hold: _Hold) -> Iterable[tuple[int, int | None, int]]:
    if hold.held is not None:
        ends = [hold.until, *(end for end in (hold.pinned, hold.over) if end is not None)]
        yield hold.held // NS_PER_MS, min(ends) // NS_PER_MS, HELD
    if hold.pinned is not None:
        over = None if hold.over is None or hold.sold is not None else hold.over // NS_PER_MS
        until = over if hold.sold is None else hold.sold // NS_PER_MS
        yield hold.pinned // NS_PER_MS, until, PINNED
        if hold.sold is not None:
            yield hold.sold // NS_PER_MS, None, SOLD


def _steps(spans: Iterable[tuple[int, int | None, int]]) -> list[tuple[int, int]]:
    """Return a seat's changes as (ms, state from then on): two who have it for good are told before anything else."""
    lasting = [span for span in spans if span[1] is None or span[0] < span[1]]
    instants = sorted({at for begin, end, _ in lasting for at in (begin, end) if at is not None})
    found: list[tuple[int, int]] = []
    for at in instants:
        now = [state for begin, end, state in lasting if begin <= at and (end is None or at < end)]
        state = TWICE if sum(each in (PINNED, SOLD) for each in now) > 1 else max(now, default=FREE)
        if not found or found[-1][1] != state:
            found.append((at, state))
    return [step for before, step in itertools.pairwise([(0, FREE), *found]) if before[1] != step[1]]
