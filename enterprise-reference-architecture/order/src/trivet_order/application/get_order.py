"""A customer looks at an order."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trivet_order.application.ownership import theirs
from trivet_order.application.ports import OrderRepositoryPort
from trivet_order.application.views import OrderView, view_of


@dataclass(frozen=True, slots=True)
class GetOrder:
    """Who looks at what."""

    order_id: UUID
    customer_id: str


class GetOrderUseCase:
    """Returns an order as it is."""

    def __init__(self, repo: OrderRepositoryPort) -> None:
        self._repo = repo

    async def execute(self, query: GetOrder) -> OrderView:
        """Return the order (OrderNotFound if the customer has no such one)."""
        return view_of(theirs(await self._repo.get_by_id(query.order_id), query.customer_id))
