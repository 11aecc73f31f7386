"""What must be true when everything has come to rest, read from the ledgers alone: of sagas it knows nothing.

The orders' own ledger says what was promised to whom, the participants' ledgers what was done.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from trivet_order.adapters.memory.participants import Ledgers
from trivet_order.application import Message
from trivet_order.domain import OrderAggregate, OrderStatus, Seat, Stock

ENDS = frozenset({OrderStatus.ORDER_CONFIRMED, OrderStatus.ORDER_CANCELLED})
LAST = frozenset({"OrderConfirmed", "OrderCancelled"})


@dataclass(frozen=True)
class Evidence:
    """All that an auditor is shown."""

    orders: Mapping[UUID, OrderAggregate]
    messages: Sequence[Message]
    ledgers: Ledgers
    stock_before: Mapping[str, int]
    stock_left: Mapping[str, int]
    money_before_minor: Mapping[str, int]
    money_left_minor: Mapping[str, int]


def violations(evidence: Evidence) -> list[str]:
    """Return what is wrong, one sentence each."""
    return [
        *_unfinished(evidence),
        *_wrong_sales(evidence),
        *_wrong_money(evidence),
        *_orphans(evidence),
        *_sold_twice(evidence),
        *_stock_that_does_not_add_up(evidence),
        *_money_that_does_not_add_up(evidence),
        *_taken_back_after_the_pivot(evidence),
        *_wrong_histories(evidence),
    ]


def _unfinished(evidence: Evidence) -> Iterator[str]:
    for order in evidence.orders.values():
        if order.status not in ENDS:
            yield f"{order.id} is {order.status} and will stay so"


def _wrong_sales(evidence: Evidence) -> Iterator[str]:
    """Confirmed: each line was pinned once, sold once and never returned. Cancelled: whatever was pinned came back."""
    done: dict[UUID, Counter[tuple[str, str, int]]] = defaultdict(Counter)
    for entry in evidence.ledgers.stock:
        done[entry.order_id][entry.kind, entry.item_id, entry.quantity] += 1
    for seat in evidence.ledgers.seats:
        done[seat.order_id][seat.kind, f"{seat.show_id}/{seat.hold_id}", 1] += 1
    for order in evidence.orders.values():
        found, lines = done[order.id], [_line(line.product, line.quantity) for line in order.items]
        if order.status is OrderStatus.ORDER_CONFIRMED:
            wanted = Counter((kind, *line) for line in lines for kind in ("pinned", "sold"))
            if found != wanted:
                yield f"{order.id} is confirmed, and of its lines {dict(found)} was done"
        elif order.status is OrderStatus.ORDER_CANCELLED:
            held, back = _of_kind(found, "pinned"), _of_kind(found, "returned")
            if _of_kind(found, "sold") or held != back:
                yield f"{order.id} is cancelled, and of its lines {dict(found)} was done"


def _of_kind(found: Counter[tuple[str, str, int]], kind: str) -> dict[tuple[str, int], int]:
    return {(what, quantity): times for (each, what, quantity), times in found.items() if each == kind}


def _line(product: Stock | Seat, quantity: int) -> tuple[str, int]:
    return (product.item_id, quantity) if isinstance(product, Stock) else (f"{product.show_id}/{product.hold_id}", 1)


def _wrong_money(evidence: Evidence) -> Iterator[str]:
    """Confirmed: exactly the total was taken, once, from that account. Cancelled: nothing."""
    taken = defaultdict(list)
    for entry in evidence.ledgers.money:
        taken[entry.order_id].append((entry.account_id, entry.amount))
    for order in evidence.orders.values():
        if order.status not in ENDS:
            continue
        due = order.total if order.status is OrderStatus.ORDER_CONFIRMED else None
        wanted = [(order.account_id, due)] if due is not None and due.amount_minor else []
        if taken[order.id] != wanted:
            yield f"{order.id} is {order.status}, to be charged {wanted}, and was charged {taken[order.id]}"


def _orphans(evidence: Evidence) -> Iterator[str]:
    for entry in [*evidence.ledgers.stock, *evidence.ledgers.seats, *evidence.ledgers.money]:
        if entry.order_id not in evidence.orders:
            yield f"there is no order {entry.order_id}: {entry}"


def _sold_twice(evidence: Evidence) -> Iterator[str]:
    buyers = defaultdict(set)
    for entry in evidence.ledgers.seats:
        if entry.kind == "sold":
            buyers[entry.show_id, entry.hold_id].add(entry.order_id)
    for seat, orders in buyers.items():
        if len(orders) > 1:
            yield f"{seat} was sold to {orders}"


def _stock_that_does_not_add_up(evidence: Evidence) -> Iterator[str]:
    moved: Counter[str] = Counter()
    for entry in evidence.ledgers.stock:
        moved[entry.item_id] += {"pinned": entry.quantity, "returned": -entry.quantity}.get(entry.kind, 0)
    for item_id, before in evidence.stock_before.items():
        left = evidence.stock_left[item_id]
        if left != before - moved[item_id] or left < 0:
            yield f"of {before} {item_id}, {moved[item_id]} are held or sold, and {left} are left"


def _money_that_does_not_add_up(evidence: Evidence) -> Iterator[str]:
    taken: Counter[str] = Counter()
    for entry in evidence.ledgers.money:
        taken[entry.account_id] += entry.amount.amount_minor
    for account_id, before in evidence.money_before_minor.items():
        left = evidence.money_left_minor[account_id]
        if left != before - taken[account_id] or left < 0:
            yield f"account {account_id} had {before}, {taken[account_id]} were taken, and {left} are left"
    confirmed = [order for order in evidence.orders.values() if order.status is OrderStatus.ORDER_CONFIRMED]
    totals = sum(order.total.amount_minor for order in confirmed if order.total is not None)
    if sum(taken.values()) != totals:
        yield f"{sum(taken.values())} were taken for confirmed orders of {totals}"


def _taken_back_after_the_pivot(evidence: Evidence) -> Iterator[str]:
    paid_at = {entry.order_id: entry.at for entry in evidence.ledgers.money}
    for entry in [*evidence.ledgers.stock, *evidence.ledgers.seats]:
        if entry.kind == "returned" and entry.order_id in paid_at:
            yield f"{entry.order_id} was paid at {paid_at[entry.order_id]} and taken back at {entry.at}"


def _wrong_histories(evidence: Evidence) -> Iterator[str]:
    """Of each order the versions in the outbox are gapless from 1 on, and nothing follows its end."""
    told: dict[UUID, list[Message]] = defaultdict(list)
    for message in evidence.messages:
        told[message.aggregate_id].append(message)
    for order in evidence.orders.values():
        history = told.pop(order.id, [])
        if [message.aggregate_version for message in history] != list(range(1, order.version + 1)):
            yield f"{order.id} is at version {order.version}, and told {[m.aggregate_version for m in history]}"
        if any(message.type in LAST for message, _ in pairwise(history)):
            yield f"{order.id} went on after its end: {[message.type for message in history]}"
        if order.status in ENDS and (not history or history[-1].type not in LAST):
            yield f"{order.id} is {order.status} and never told so"
    for order_id in told:
        yield f"there is no order {order_id}, of which something was told"
