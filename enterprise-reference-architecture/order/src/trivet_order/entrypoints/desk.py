"""What the API does beside reading: each operation is one unit of work, from the claim of its key to its COMMIT."""

from __future__ import annotations

from dataclasses import astuple
from functools import partial
from uuid import UUID

from uuid_utils.compat import uuid7

from trivet_chassis import Answer, KeyedRequest, failpoint
from trivet_order.application import (
    CancelOrder,
    CancelOrderUseCase,
    CreateOrder,
    CreateOrderUseCase,
    OrderView,
    UnitOfWork,
    Wanted,
    view_as_accepted,
)
from trivet_order.bootstrap import Api
from trivet_order.domain import OrderStatus
from trivet_order.entrypoints.metrics import ACCEPTED, CANCELLED, REPLAYED, REQUESTED, Metrics
from trivet_order.entrypoints.refusals import told
from trivet_order.entrypoints.retrying import retried
from trivet_order.entrypoints.wire import order_body

OPERATION = "createOrder"
ACCEPTED_STATUS = 202


class Desk:
    """Accepts orders and cancels them. No answer is given before its COMMIT returned."""

    def __init__(self, api: Api, metrics: Metrics) -> None:
        self._api = api
        self._metrics = metrics
        self._attempts_max = api.process.settings.change_attempts_max

    async def create(self, customer_id: str, key: str, account_id: str, wanted: tuple[Wanted, ...]) -> Answer:
        """Accept an order, or repeat what the key was told.

        Raises:
            InvalidRequest: There is no such order.
            RequestInFlight: Another request with the key has not ended.
            KeyReused: The key belongs to another order.
            Unavailable: The database failed; ``definite`` says whether the order may have been accepted.
        """
        request = KeyedRequest.of(customer_id, OPERATION, key, account_id, [_digested(each) for each in wanted])
        work = partial(self._create, customer_id, key, request.payload, account_id, wanted)
        with self._metrics.counted("create") as outcome, told():
            answer = await retried(work, self._attempts_max)
            outcome.set(REPLAYED if answer.replayed else ACCEPTED)
            return answer

    async def cancel(self, customer_id: str, order_id: UUID) -> Answer:
        """Ask for an order's end, once or again.

        Raises:
            NotFound: The customer has no such order.
            OrderIsConfirmed: It is too late.
            Unavailable: The database failed, or others change the order again and again.
        """
        with self._metrics.counted("cancel") as outcome, told():
            view = await retried(partial(self._cancel, customer_id, order_id), self._attempts_max)
            outcome.set(CANCELLED if view.status == OrderStatus.ORDER_CANCELLED else REQUESTED)
            return Answer(ACCEPTED_STATUS, order_body(view))

    async def _create(
        self, customer_id: str, key: str, payload: bytes, account_id: str, wanted: tuple[Wanted, ...]
    ) -> Answer:
        async with self._api.units.open() as unit:
            made = await unit.keys.claim(customer_id, key, payload)
            await failpoint("order.create.after_key_claim")
            if made is not None:
                return await self._replay(unit, made)
            command = CreateOrder(uuid7(), customer_id, account_id, wanted, self._api.clock.now())
            view = await CreateOrderUseCase(unit.orders, unit.events).execute(command)
            await unit.keys.keep(customer_id, key, payload, view.id)
            await failpoint("order.create.before_commit")
            await unit.commit()
            await failpoint("order.create.after_commit")
        return Answer(ACCEPTED_STATUS, order_body(view))

    async def _replay(self, unit: UnitOfWork, order_id: UUID) -> Answer:
        """Repeat what the customer was told, whatever has become of the order; it is as durable as it was then."""
        view = view_as_accepted(await unit.orders.get_by_id(order_id))
        await unit.commit()
        return Answer(ACCEPTED_STATUS, order_body(view), replayed=True)

    async def _cancel(self, customer_id: str, order_id: UUID) -> OrderView:
        async with self._api.units.open() as unit:
            command = CancelOrder(order_id, customer_id, self._api.clock.now())
            view = await CancelOrderUseCase(unit.orders, unit.events).execute(command)
            await failpoint("order.cancel.before_commit")
            await unit.commit()
            await failpoint("order.cancel.after_commit")
        return view


def _digested(wanted: Wanted) -> list[object]:
    """Return what makes a line another one, a seat's secret too: an order with another one is another order."""
    return [type(wanted.product).__name__, *astuple(wanted.product), wanted.quantity]
