"""The order: what a customer wants, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from trivet_order.domain.errors import IllegalTransition, InvalidOrder, TooLate
from trivet_order.domain.events import (
    CancellationRequested,
    DomainEvent,
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
from trivet_order.domain.order_status import PRICED, TRANSITIONS, OrderStatus, Step
from trivet_order.domain.product import Product

LINES_MAX = 20
BY_CUSTOMER = "the customer cancelled it"


class Outcome(Enum):
    """How a step ended that was not refused."""

    DONE = "done"
    ALREADY_DONE = "already done"


class OrderAggregate:
    """An order with its lines: the boundary of one transaction.

    Whatever changes it does so through a method here, which keeps what must always hold and records what happened.
    ``version`` counts what ever happened; whoever stores the order compares it with what is stored, so that of two who
    change one order at the same time the second is told, and neither change is lost.

    The order asks no clock and draws no random numbers: :meth:`pull_events` is told the time, and an event's id
    follows from the order's own and the version that it made, so that a step that is done again after a failure makes
    the same event.
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
        self._status = status
        self._version = version
        self._cancellation_requested = cancellation_requested
        self._cancel_reason = cancel_reason
        self.customer_id = customer_id
        self.account_id = account_id
        self._happened: list[Callable[[datetime], OrderEvent]] = []
        self._ensure_possible()

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
    def version(self) -> int:
        """How many events it has had."""
        return self._version

    @property
    def total(self) -> Money | None:
        """What it costs; None as long as a seller has not said so."""
        prices = [line.price for line in self._items]
        return total(price for price in prices if price) if prices and None not in prices else None

    @property
    def cancellation_requested(self) -> bool:
        """Whether the customer has asked for its end."""
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
            raise IllegalTransition("add item", self._status)
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
            raise IllegalTransition("place", self._status)
        if not self._items:
            raise InvalidOrder("an order has at least one line")
        self._record(OrderCreated, customer_id=self.customer_id, account_id=self.account_id, items=self.items)

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
            InvalidOrder: not each line has a price, or they are of several currencies.
        """
        if len(prices) != len(self._items):
            raise InvalidOrder(f"there are {len(self._items)} lines and {len(prices)} prices")
        sum_of_all = total(prices)
        if self._move(Step.RESERVE):
            self._items = [replace(line, price=price) for line, price in zip(self._items, prices, strict=True)]
            self._record(InventoryReserved, prices=tuple(prices), total=sum_of_all)
            return Outcome.DONE
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

        Raises:
            TooLate: it is confirmed.
        """
        if self._status is OrderStatus.ORDER_CONFIRMED:
            raise TooLate("the order is confirmed")
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
        if self._status is OrderStatus.ORDER_CREATED:
            return self.cancel(BY_CUSTOMER)
        if self._status is OrderStatus.ORDER_CONFIRMED:
            raise TooLate("the order is confirmed")
        if self._status is OrderStatus.ORDER_CANCELLED or self._cancellation_requested:
            return Outcome.ALREADY_DONE
        self._cancellation_requested = True
        self._record(CancellationRequested)
        return Outcome.DONE

    def pull_events(self, occurred_on: datetime) -> tuple[DomainEvent, ...]:
        """Return what happened since the last time, as having happened now, and forget that it is new."""
        happened, self._happened = self._happened, []
        return tuple(event(occurred_on) for event in happened)

    def _move(self, step: Step) -> bool:
        """Go where a step leads; False if that is where the order stands already.

        Raises:
            IllegalTransition: the step leads nowhere from here, or the order was never placed.
        """
        reached = TRANSITIONS.get((self._status, step))
        if self._version and reached is not None:
            self._status = reached
            return True
        if self._version and self._status in {end for (_, each), end in TRANSITIONS.items() if each is step}:
            return False
        raise IllegalTransition(step, self._status)

    def _record(self, kind: type[OrderEvent], **facts: Any) -> None:
        self._version += 1
        made = partial(
            kind,
            event_id=uuid5(self._id, str(self._version)),
            aggregate_id=self._id,
            aggregate_version=self._version,
            **facts,
        )
        self._happened.append(lambda occurred_on: made(occurred_on=occurred_on))

    def _ensure_possible(self) -> None:
        is_new = self._version == 0
        if is_new and (self._status is not OrderStatus.ORDER_CREATED or self._items):
            raise InvalidOrder("an order begins with nothing on it")
        if not is_new and not 1 <= len(self._items) <= LINES_MAX:
            raise InvalidOrder(f"an order has 1 to {LINES_MAX} lines")
        if len({line.product for line in self._items}) != len(self._items):
            raise InvalidOrder("a product is on an order once")
        if self._status in PRICED and self.total is None:
            raise InvalidOrder(f"an order that is {self._status} has a price for each line")
        if (self._status is OrderStatus.ORDER_CANCELLED) != (self._cancel_reason is not None):
            raise InvalidOrder("a cancelled order, and no other, says why")
