"""The API with an order that does nothing: the same body is read behind the same middleware, and nobody is asked.

What accepting costs is measured beside it. The answer is as long as that of an order, and tells of none.
"""

from __future__ import annotations

from unittest.mock import patch
from uuid import UUID

from trivet_chassis import Answer
from trivet_order import bootstrap
from trivet_order.application import LineView, OrderView, Wanted
from trivet_order.domain import OrderStatus
from trivet_order.entrypoints.desk import ACCEPTED_STATUS, Desk
from trivet_order.entrypoints.server import serve_api
from trivet_order.entrypoints.wire import order_body
from trivet_order.settings import settings_from_environment

_LINES = (LineView(2, item_id="umbrella"), LineView(1, show_id="hamlet", hold_id="caller-1"))
_BODY = order_body(
    OrderView(UUID(int=0), "caller-1", "caller-eur", OrderStatus.ORDER_CREATED, 1, _LINES, None, False, None)  # noqa: FBT003  - the view's order
)


class IdleDesk(Desk):
    """Accepts everything and keeps nothing."""

    async def create(self, customer_id: str, key: str, account_id: str, wanted: tuple[Wanted, ...]) -> Answer:
        """Say what an accepted order is told."""
        del customer_id, key, account_id, wanted
        return Answer(ACCEPTED_STATUS, _BODY)


if __name__ == "__main__":
    with patch("trivet_order.entrypoints.api.Desk", IdleDesk):
        serve_api(bootstrap.build_api(settings_from_environment()))
