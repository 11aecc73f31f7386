"""Counts what was sold from the ledgers alone: the figures of the table, independent of any checker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from trivet_lab.evidence import VariantDirectory


class _Item(msgspec.Struct):
    id: str
    initial_stock: int


class _Movement(msgspec.Struct):
    item_id: str
    quantity: int


class _Hold(msgspec.Struct):
    subject: str
    hold_id: str
    state: str


class _Line(_Movement):
    subject: str
    hold_id: str


def count_stock(directory: VariantDirectory) -> dict[str, int]:
    """Return ``sold`` and ``oversold``: units sold, and units sold beyond each item's stock and restocks.

    What was sold out of a hold counts like what was bought; a run of an inventory without holds has none.

    Nothing if a ledger is missing or damaged: a figure of half a ledger would be a wrong one, and what became of the
    evidence is for the checkers to say.
    """
    try:
        return _count(directory)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _count(directory: VariantDirectory) -> dict[str, int]:
    supply: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    item, movement = msgspec.json.Decoder(_Item), msgspec.json.Decoder(_Movement)
    with directory.ledger("inventory.items").open("rb") as lines:
        for row in map(item.decode, lines):
            supply[row.id] += row.initial_stock
    for name, counter in (("inventory.restocks", supply), ("inventory.purchases", sold)):
        with directory.ledger(name).open("rb") as lines:
            for moved in map(movement.decode, lines):
                counter[moved.item_id] += moved.quantity
    for moved in _sold_from_holds(directory):
        sold[moved.item_id] += moved.quantity
    oversold = sum(max(0, units - supply[name]) for name, units in sold.items())
    return {"sold": sold.total(), "oversold": oversold}


def _sold_from_holds(directory: VariantDirectory) -> Iterator[_Line]:
    holds = directory.ledger("inventory.stock_holds")
    if not holds.exists():
        return
    hold, line = msgspec.json.Decoder(_Hold), msgspec.json.Decoder(_Line)
    with holds.open("rb") as lines:
        sold = {(row.subject, row.hold_id) for row in map(hold.decode, lines) if row.state == "sold"}
    with directory.ledger("inventory.stock_hold_lines").open("rb") as lines:
        for row in map(line.decode, lines):
            if (row.subject, row.hold_id) in sold:
                yield row
