"""What a customer sees of how an order's checkout goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from trivet_chassis import JSON, refuses, requires
from trivet_chassis.web import StrictRoute, answers, current_subject
from trivet_order.application import CheckoutView, ReadCheckout
from trivet_order.application.saga import SagaState
from trivet_order.bootstrap import Api
from trivet_order.entrypoints.refusals import told
from trivet_order.entrypoints.wire import OrderId

_REFUSED = ("unauthenticated", "forbidden", "invalid-request", "not-found", "queue-full", "internal", "unavailable")
router = APIRouter(route_class=StrictRoute)


class CheckoutStep(BaseModel):
    """What happened to a checkout."""

    event: str = Field(examples=["held"])
    state: SagaState = Field(description="In which it happened.")
    attempts: int = Field(description="How many tries of that state had come to nothing by then.")
    code: str | None = Field(
        description="Why, where something was refused, as a problem's code; null otherwise.", examples=["out-of-stock"]
    )
    at: datetime


class Checkout(BaseModel):
    """How an order's checkout stands, and how it came there."""

    order_id: OrderId
    state: SagaState
    attempts: int = Field(description="How many tries of this state came to nothing so far.")
    reason: str | None = Field(description="Why the order is being taken back, or was.")
    parked: bool = Field(description="Whether nobody goes on with it until an operator says so.")
    steps: list[CheckoutStep]


def _api(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


@router.get(
    "/orders/{order_id}/checkout",
    operation_id="readCheckout",
    openapi_extra=requires("orders.read"),
    summary="Read how an order's checkout goes",
    response_class=Response,
    responses=answers(200, Checkout, "The checkout") | refuses(*_REFUSED),
)
async def read_checkout(
    order_id: Annotated[OrderId, Path()],
    subject: Annotated[str, Depends(current_subject)],
    api: Annotated[Api, Depends(_api)],
) -> Response:
    """Return where the checkout of one of the caller's orders stands, and each step that brought it there."""
    with told():
        found = await api.read_checkout(ReadCheckout(UUID(order_id), subject))
    return Response(msgspec.json.encode(_out(found)), media_type=JSON)


def _out(found: CheckoutView) -> Mapping[str, Any]:
    return {
        "order_id": str(found.order_id),
        "state": found.state,
        "attempts": found.attempts,
        "reason": found.reason,
        "parked": found.is_parked,
        "steps": found.steps,
    }
