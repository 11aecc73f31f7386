"""Seat maps as the service answers them."""

from __future__ import annotations

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer


class _Seat(msgspec.Struct, gc=False):
    id: str
    state: str


class _Block(msgspec.Struct, gc=False):
    unit_price_minor: int
    currency: str
    seats: list[_Seat]


class _Map(msgspec.Struct, gc=False):
    blocks: list[_Block]


class MappedSeat(msgspec.Struct, gc=False, frozen=True):
    """One seat of a map."""

    id: str
    state: str
    unit_price_minor: int
    currency: str


def read_map(evidence: Evidence, pointer: Pointer) -> list[MappedSeat]:
    """Return the seats of the map that one operation was answered.

    Raises:
        EvidenceError: the answer is no seat map.
    """
    line = evidence.line(pointer)
    try:
        seen = msgspec.convert(line["value"], _Map)
    except msgspec.ValidationError as error:
        raise EvidenceError(f"the answer of seat map {line['op']} cannot be read: {error}") from error
    return [
        MappedSeat(seat.id, seat.state, block.unit_price_minor, block.currency)
        for block in seen.blocks
        for seat in block.seats
    ]
