"""The order: what a customer wants, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from trivet_order.domain.errors import IllegalTransition, InvalidOrder, PricesFixed, TooLate
from trivet_order.domain.events import (
    CancellationRequested,
    InventoryRequested,
    InventoryReserved,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderEvent,
    PaymentRequested,
)
from trivet_order.domain.money import Money, total
from trivet_order.domain.order_line import OrderLine
from trivet_order.domain.order_status import EVENTS_MIN, PRICED, TRANSITIONS, UNPRICED, OrderStatus, Step
from trivet_order.domain.product import Product
from trivet_order.domain.text import ensure_text

LINES_MAX = 20
BY_CUSTOMER = "the customer cancelled it"


class Outcome(Enum):
    """How a step ended that was not refused."""

    DONE = "done"
    ALREADY_DONE = "already done"


class OrderAggregate:
    """An order with its lines: the boundary of one transaction.

    Whatever changes it does so through a method here, which keeps what must always hold and records what happened.
    A step that was taken before is told apart from one that is refused: whoever asks twice, as after an answer that
    was lost, learns that it is done. A step that is refused has changed nothing.

    ``version`` counts what ever happened; whoever stores the order compares it with what is stored, so that of two who
    change one order at the same time the second is told, and neither change is lost.

    The order asks no clock and draws no random numbers: :meth:`pull_events` is told the time, and an event's id
    follows from the order's own, the version that it made and what it is. A step that is done again after a failure
    makes the same event.
    """

    def __init__(
        self,
        id: UUID,  # noqa: A002  - the name that the class diagram gives it
        items: Iterable[OrderLine] = (),
        status: OrderStatus = OrderStatus.ORDER_CREATED,
        *,
        customer_id: str,
        account_id: str,
        version: int = 0,
        cancellation_requested: bool = False,
        cancel_reason: str | None = None,
    ) -> None:
        """Make one anew (version 0), or as it was stored.

        Raises:
            InvalidOrder: no such order can be.
        """
        self._id = id
        self._items = list(items)
        self._status = OrderStatus(status)
        self._customer_id = customer_id
        self._account_id = account_id
        self._version = version
        self._cancellation_requested = cancellation_requested
        self._cancel_reason = cancel_reason
        self._happened: list[Callable[..., OrderEvent]] = []
        self._total: Money | None = None
        self._ensure_possible()

    def __repr__(self) -> str:
        return f"<order {self._id}: {self._status}, version {self._version}>"

    @property
    def id(self) -> UUID:
        """Which order."""
        return self._id

    @property
    def items(self) -> tuple[OrderLine, ...]:
        """Its lines, in the order in which they were added."""
        return tuple(self._items)

    @property
    def status(self) -> OrderStatus:
        """How far it has come."""
        return self._status

    @property
    def customer_id(self) -> str:
        """Whose it is."""
        return self._customer_id

    @property
    def account_id(self) -> str:
        """The account that pays."""
        return self._account_id

    @property
    def version(self) -> int:
        """How many events it has had; 0 as long as it was not placed."""
        return self._version

    @property
    def total(self) -> Money | None:
        """What it costs; None until its prices are fixed."""
        if self._total is None:
            prices = [line.price for line in self._items if line.price is not None]
            self._total = total(prices) if prices else None
        return self._total

    @property
    def cancellation_requested(self) -> bool:
        """Whether the customer asked for its end when something had been begun for it."""
        return self._cancellation_requested

    @property
    def cancel_reason(self) -> str | None:
        """Why it was cancelled, None if it was not."""
        return self._cancel_reason

    def add_item(self, product: Product, qty: int) -> None:
        """Put one more line on an order that was not placed yet.

        Raises:
            IllegalTransition: it was placed.
            InvalidOrder: there would be too many lines, the product is on it already, or the quantity is none.
        """
        if self._version:
            raise IllegalTransition("add item", "placed")
        if len(self._items) == LINES_MAX:
            raise InvalidOrder(f"an order has {LINES_MAX} lines at most")
        if any(line.product == product for line in self._items):
            raise InvalidOrder(f"{product} is on the order already")
        self._items.append(OrderLine(product, qty))

    def place(self) -> None:
        """Order what is on it.

        Raises:
            IllegalTransition: it was placed before.
            InvalidOrder: nothing is on it.
        """
        if self._version:
            raise IllegalTransition("place", "placed")
        if not self._items:
            raise InvalidOrder("an order has at least one line")
        self._record(OrderCreated, customer_id=self._customer_id, account_id=self._account_id, items=self.items)

    def begin(self) -> Outcome:
        """Have every line held."""
        if self._move(Step.BEGIN):
            self._record(InventoryRequested)
            return Outcome.DONE
        return Outcome.ALREADY_DONE

    def mark_reserved(self, prices: Sequence[Money]) -> Outcome:
        """Fix the price of each line, as the sellers' holds say; everything is pinned for this order.

        Raises:
            IllegalTransition: nothing was to be held.
            InvalidOrder: not each line has a price, they are of several currencies, or add up to no amount.
            PricesFixed: they were fixed before, to others.
        """
        if len(prices) != len(self._items):
            raise InvalidOrder(f"there are {len(self._items)} lines and {len(prices)} prices")
        sum_of_all = total(prices)
        priced = [replace(line, price=price) for line, price in zip(self._items, prices, strict=True)]
        if self._move(Step.RESERVE):
            self._items, self._total = priced, sum_of_all
            self._record(InventoryReserved, prices=tuple(prices), total=sum_of_all)
            return Outcome.DONE
        if priced != self._items:
            raise PricesFixed("the order's prices are fixed, to others")
        return Outcome.ALREADY_DONE

    def request_payment(self) -> Outcome:
        """Have the total charged."""
        if self._move(Step.REQUEST_PAYMENT):
            self._record(PaymentRequested, total=self.total)
            return Outcome.DONE
        return Outcome.ALREADY_DONE

    def mark_paid(self) -> Outcome:
        """Confirm the order: the charge was captured."""
        if self._move(Step.PAY):
            self._record(OrderConfirmed, total=self.total)
            return Outcome.DONE
        return Outcome.ALREADY_DONE

    def cancel(self, reason: str) -> Outcome:
        """End it without a sale; the caller knows that nothing is held and nothing was charged.

        The first reason is the one that stays.

        Raises:
            TooLate: it is confirmed.
            InvalidOrder: the reason says nothing.
        """
        ensure_text(reason, "a reason")
        self._ensure_not_confirmed()
        if self._move(Step.CANCEL):
            self._cancel_reason = reason
            self._record(OrderCancelled, reason=reason)
            return Outcome.DONE
        return Outcome.ALREADY_DONE

    def request_cancellation(self) -> Outcome:
        """Do as the customer asks who does not want it any more.

        Of an order that nothing was begun for that is its end. Of any other one it is a wish: what is held must be
        released first, and a charge that is under way decides (*which race*: the customer's wish against the wallet's
        commit; *why this guard*: only the wallet knows which of two came first; *if it were lost*, an order would be
        cancelled that was paid).

        Raises:
            TooLate: it is confirmed.
        """
        self._ensure_not_confirmed()
        if self._status is OrderStatus.ORDER_CREATED:
            return self.cancel(BY_CUSTOMER)
        if self._status is OrderStatus.ORDER_CANCELLED or self._cancellation_requested:
            return Outcome.ALREADY_DONE
        self._cancellation_requested = True
        self._record(CancellationRequested)
        return Outcome.DONE

    def pull_events(self, occurred_on: datetime) -> tuple[OrderEvent, ...]:
        """Return what happened since the last time, as having happened now, and forget that it is new.

        Raises:
            ValueError: the time is not in UTC; nothing is forgotten.
        """
        events = tuple([happened(occurred_on=occurred_on) for happened in self._happened])
        self._happened = []
        return events

    def _move(self, step: Step) -> bool:
        """Go where a step leads; False if that is where the order stands already.

        Raises:
            IllegalTransition: the step leads nowhere from here, or the order was never placed.
        """
        if not self._version:
            raise IllegalTransition(step, "not placed")
        reached = TRANSITIONS.get((self._status, step))
        if reached is not None:
            self._status = reached
            return True
        if (step, self._status) in {(each, end) for (_, each), end in TRANSITIONS.items()}:
            return False
        raise IllegalTransition(step, self._status)

    def _record(self, kind: type[OrderEvent], **facts: Any) -> None:
        self._version += 1
        event_id = uuid5(self._id, f"{self._version} {kind.__name__}")
        self._happened.append(
            partial(kind, event_id=event_id, aggregate_id=self._id, aggregate_version=self._version, **facts)
        )

    def _ensure_not_confirmed(self) -> None:
        if self._status is OrderStatus.ORDER_CONFIRMED:
            raise TooLate("the order is confirmed")

    def _ensure_possible(self) -> None:
        ensure_text(self._customer_id, "a customer's id")
        ensure_text(self._account_id, "an account's id")
        is_new = self._version == 0
        if is_new and (self._items or self._status is not OrderStatus.ORDER_CREATED):
            raise InvalidOrder("an order begins with nothing on it")
        if not is_new and self._version < EVENTS_MIN[self._status] + self._cancellation_requested:
            raise InvalidOrder(f"{self._version} events make no order that is {self._status}")
        if not is_new and not 1 <= len(self._items) <= LINES_MAX:
            raise InvalidOrder(f"an order has 1 to {LINES_MAX} lines")
        if len({line.product for line in self._items}) != len(self._items):
            raise InvalidOrder("a product is on an order once")
        self._ensure_prices_possible()
        if self._status is OrderStatus.ORDER_CREATED and self._cancellation_requested:
            raise InvalidOrder("an order that nothing was begun for is cancelled at once")
        if (self._status is OrderStatus.ORDER_CANCELLED) != (self._cancel_reason is not None):
            raise InvalidOrder("a cancelled order, and no other, says why")
        if self._cancel_reason is not None:
            ensure_text(self._cancel_reason, "a reason")

    def _ensure_prices_possible(self) -> None:
        prices = [line.price for line in self._items if line.price is not None]
        if len(prices) not in {0, len(self._items)}:
            raise InvalidOrder("an order has a price for each line, or for none")
        if self._status in PRICED and not prices:
            raise InvalidOrder(f"an order that is {self._status} has its prices")
        if self._status in UNPRICED and prices:
            raise InvalidOrder(f"an order that is {self._status} has no prices yet")
        if prices:
            self._total = total(prices)
