"""A customer orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trivet_order.application.ports import EventPublisherPort, OrderRepositoryPort
from trivet_order.application.views import OrderView, view_of
from trivet_order.domain import OrderAggregate, Product


@dataclass(frozen=True, slots=True)
class Wanted:
    """So much of one product."""

    product: Product
    quantity: int


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """Who orders what, to be paid from which account; the caller chooses the id and says what time it is."""

    order_id: UUID
    customer_id: str
    account_id: str
    wanted: tuple[Wanted, ...]
    at: datetime


class CreateOrderUseCase:
    """Accepts an order: it is stored, and what becomes of it is the checkout's to find out."""

    def __init__(self, repo: OrderRepositoryPort, publisher: EventPublisherPort) -> None:
        self._repo = repo
        self._publisher = publisher

    async def execute(self, command: CreateOrder) -> OrderView:
        """Create the order and tell so.

        Raises:
            InvalidOrder: no such order can be.
            OrderChanged: there is an order of this id.
        """
        order = OrderAggregate(command.order_id, customer_id=command.customer_id, account_id=command.account_id)
        for wanted in command.wanted:
            order.add_item(wanted.product, wanted.quantity)
        order.place()
        await self._repo.save(order)
        await self._publisher.publish(order.pull_events(command.at))
        return view_of(order)
