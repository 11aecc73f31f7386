"""A customer does not want an order any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trivet_order.application.ownership import theirs
from trivet_order.application.ports import EventPublisherPort, OrderRepositoryPort
from trivet_order.application.views import OrderView, view_of
from trivet_order.domain import Outcome


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Who cancels what."""

    order_id: UUID
    customer_id: str
    at: datetime


class CancelOrderUseCase:
    """Asks for an order's end; asking twice is asking once."""

    def __init__(self, repo: OrderRepositoryPort, publisher: EventPublisherPort) -> None:
        self._repo = repo
        self._publisher = publisher

    async def execute(self, command: CancelOrder) -> OrderView:
        """Cancel the order if nothing was begun for it, else note the wish.

        Raises:
            OrderNotFound: the customer has no such order.
            TooLate: it is confirmed.
            OrderChanged: somebody changed it meanwhile; the same command may be executed again.
        """
        order = theirs(await self._repo.get_by_id(command.order_id), command.customer_id)
        if order.request_cancellation() is Outcome.DONE:
            await self._repo.save(order)
            await self._publisher.publish(order.pull_events(command.at))
        return view_of(order)
