"""The halls of a crowd that wants seats: their seats by row, and which of them somebody would like best."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from trivet_lab.load.draft import picker
from trivet_lab.load.sale import zipf_weights

SEATS_MAX = 50_000
FRONT, STALLS, BACK = "front", "stalls", "back"
PRICES_MINOR = {FRONT: 12_900, STALLS: 7_900, BACK: 4_900}
_SHOW_ID = re.compile(r"[a-z0-9-]{1,64}")
_ROWS_LIKED = 1.6  # exponent of Zipf's law among rows: half of all want the first two


class Show(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A show in a hall of so many seats, ``per_row`` in each row but the last: a front row, stalls, and what is left.

    ``weight`` is its share of the demand, relative to the other shows'.
    """

    id: str
    seats: int
    per_row: int = 20
    weight: float = 1.0

    def rows(self) -> list[list[str]]:
        """Return the ids of all seats, row by row from the front."""
        return [[f"{block}-{row}-{seat}" for seat in range(1, count + 1)] for block, row, count in self._layout()]

    def blocks(self) -> list[dict[str, Any]]:
        """Return the hall as a show is created: rows of one length by number, the odd one at the back seat by seat."""
        found: list[dict[str, Any]] = []
        for name in (FRONT, STALLS, BACK):
            rows = [(row, count) for block, row, count in self._layout() if block == name]
            if rows:
                block = {"name": name, "unit_price_minor": PRICES_MINOR[name], "currency": "EUR"}
                size: dict[str, Any] = {"rows": len(rows), "seats_per_row": rows[0][1]}
                if name == BACK:
                    size = {"seats": [f"{name}-{row}-{seat}" for row, count in rows for seat in range(1, count + 1)]}
                found.append(block | size)
        return found

    def faults(self) -> Iterator[str]:
        """Yield a sentence for everything that no hall can be, each beginning with its field."""
        if not _SHOW_ID.fullmatch(self.id) or self.id == "batch":
            yield f"id is 1 to 64 of a-z, 0-9 and -, never `batch`, not {self.id!r}"
        if not 1 <= self.seats <= SEATS_MAX:
            yield f"seats is 1 to {SEATS_MAX}, not {self.seats}"
        if self.per_row < 1:
            yield f"per_row is at least 1, not {self.per_row}"
        if not 0 < self.weight < float("inf"):
            yield f"weight is above 0, not {self.weight}"

    def _layout(self) -> Iterator[tuple[str, int, int]]:
        """Yield each row's block, its number there from 1, and its seats."""
        full, left = divmod(self.seats, self.per_row)
        if not full:
            yield FRONT, 1, left
            return
        yield FRONT, 1, self.per_row
        for row in range(1, full):
            yield STALLS, row, self.per_row
        if left:
            yield BACK, 1, left


class Hall:
    """One show's seats as people choose them: the nearer to the front, the better."""

    def __init__(self, show: Show) -> None:
        """Lay out the rows."""
        self.show = show
        self._rows = show.rows()
        self._pick_row = picker(zipf_weights(len(self._rows), _ROWS_LIKED))

    def beside_each_other(self, chance: random.Random, count: int) -> list[str]:
        """Return so many neighbours, fewer where the row is shorter."""
        row = self._rows[self._pick_row(chance.random())]
        count = min(count, len(row))
        first = chance.randrange(len(row) - count + 1)
        return row[first : first + count]
