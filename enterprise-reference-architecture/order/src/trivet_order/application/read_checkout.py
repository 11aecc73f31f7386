"""A customer looks at how an order's checkout goes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trivet_order.application.ownership import theirs
from trivet_order.application.ports import CheckoutsPort, OrderRepositoryPort
from trivet_order.application.views import CheckoutView, as_customer_sees


@dataclass(frozen=True, slots=True)
class ReadCheckout:
    """Who looks at what."""

    order_id: UUID
    customer_id: str


class ReadCheckoutUseCase:
    """Returns how an order's checkout stands, and how it came there; what is for operators alone stays here."""

    def __init__(self, repo: OrderRepositoryPort, checkouts: CheckoutsPort) -> None:
        self._repo = repo
        self._checkouts = checkouts

    async def execute(self, query: ReadCheckout) -> CheckoutView:
        """Return the checkout (OrderNotFound if the customer has no such order)."""
        theirs(await self._repo.get_by_id(query.order_id), query.customer_id)
        return as_customer_sees(await self._checkouts.checkout(query.order_id))
