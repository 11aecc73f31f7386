"""Counts how orders ended and how many were charged something else than they cost, from the ledgers: no verdict."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from trivet_lab.evidence import VariantDirectory

CONFIRMED = "Order Confirmed"
CHECKOUT = "order"
"""Who asks the wallet in a checkout; what anybody else is charged, under whatever key, no order cost."""
MS_PER_S = 1_000


class _Order(msgspec.Struct):
    order_id: str
    status: str


class _Line(msgspec.Struct):
    order_id: str
    price_minor: int | None = None


class _Charge(msgspec.Struct):
    key: str
    captured_minor: int
    refunded_minor: int
    subject: str = CHECKOUT


class _Saga(msgspec.Struct):
    created_at: datetime
    ended_at: datetime | None = None


def count_checkouts(directory: VariantDirectory) -> dict[str, int]:
    """Return ``confirmed`` and ``wronged``, and how long orders took from their acceptance to their end.

    An order is wronged if its customer paid something else than it cost: a cancelled one that was paid, or one that was
    paid twice or not. Times are of the median and of the last in a hundred, in milliseconds. Nothing if a ledger is
    missing or damaged: a figure of half of it would be a wrong one, and what became of the evidence is for the checkers
    to say.
    """
    try:
        return _count(directory) | _times(directory)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _count(directory: VariantDirectory) -> dict[str, int]:
    order, line = msgspec.json.Decoder(_Order), msgspec.json.Decoder(_Line)
    charge = msgspec.json.Decoder(_Charge)
    with directory.ledger("order.orders").open("rb") as lines:
        status = {row.order_id: row.status for row in map(order.decode, lines)}
    owed: Counter[str] = Counter()
    with directory.ledger("order.order_lines").open("rb") as lines:
        for row in map(line.decode, lines):
            owed[row.order_id] += (row.price_minor or 0) if status.get(row.order_id) == CONFIRMED else 0
    paid: Counter[str] = Counter()
    with directory.ledger("wallet.charges").open("rb") as lines:
        for taken in map(charge.decode, lines):
            if taken.subject == CHECKOUT:
                paid[taken.key.partition(":")[0]] += taken.captured_minor - taken.refunded_minor
    confirmed = sum(each == CONFIRMED for each in status.values())
    wronged = sum(owed[order_id] != paid[order_id] for order_id in {*owed, *paid})
    return {"confirmed": confirmed, "wronged": wronged, "cancelled": len(status) - confirmed}


def _times(directory: VariantDirectory) -> dict[str, int]:
    decode = msgspec.json.Decoder(_Saga).decode
    with directory.ledger("order.sagas").open("rb") as lines:
        sagas = list(map(decode, lines))
    took = sorted((saga.ended_at - saga.created_at).total_seconds() for saga in sagas if saga.ended_at is not None)
    if not took:
        return {}
    marks = {"p50": took[len(took) // 2], "p99": took[min(len(took) - 1, len(took) * 99 // 100)]}
    return {f"ended_in_ms_{name}": round(seconds * MS_PER_S) for name, seconds in marks.items()}
