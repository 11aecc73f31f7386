"""The HTTP face: routes that say what they take and answer, and nothing of how it is done."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.types import ASGIApp

from trivet_chassis import (
    JSON,
    OPEN_PATHS,
    LimitsMiddleware,
    MetricsMiddleware,
    Responses,
    SheddingMiddleware,
    TraceMiddleware,
    Units,
    failpoint,
    metrics_route,
    read_key,
    refuses,
    requires,
    tell_movement,
)
from trivet_chassis.web import KEY_FIELD, StrictRoute, answered, answers, current_subject, describe, make_application
from trivet_order.application import GetOrder, GetOrderUseCase, ListOrders, ListOrdersUseCase
from trivet_order.bootstrap import Api
from trivet_order.entrypoints.checkout import router as checkout
from trivet_order.entrypoints.desk import Desk
from trivet_order.entrypoints.metrics import Metrics
from trivet_order.entrypoints.refusals import told
from trivet_order.entrypoints.timeline import Timelines
from trivet_order.entrypoints.timeline import router as timeline
from trivet_order.entrypoints.wire import CreateOrder, Order, OrderId, Orders, Page, order_body, order_id_of, page_body
from trivet_order.settings import MEMBER

_GUARDED = ("unauthenticated", "forbidden", "invalid-request")
_LOAD = ("queue-full", "internal", "unavailable")
_BODY = ("payload-too-large", "unsupported-media-type")
_LOCATION: dict[str, Any] = {"location": {"description": "Where the order is.", "schema": {"type": "string"}}}
router = APIRouter(route_class=StrictRoute)


async def idempotency_key(request: Request, key: Annotated[str, KEY_FIELD]) -> str:
    """Return the request's one idempotency key; two of them would be a guess."""
    return read_key(request.headers.raw) or key


def api_of(request: Request) -> Api:
    """Return the process's objects."""
    api: Api = request.app.state.api
    return api


def desk_of(request: Request) -> Desk:
    """Return what changes orders."""
    desk: Desk = request.app.state.desk
    return desk


Key = Annotated[str, Depends(idempotency_key)]
Subject = Annotated[str, Depends(current_subject)]
PathId = Annotated[OrderId, Path()]


def _located(responses: Responses) -> Responses:
    for response in responses.values():
        response["headers"] = response["headers"] | _LOCATION
    return responses


@router.post(
    "/orders",
    operation_id="createOrder",
    openapi_extra=requires("orders.write"),
    summary="Order",
    status_code=202,
    response_class=Response,
    responses=_located(answers(202, Order, "Accepted", keyed=True))
    | refuses(*_GUARDED, "request-in-flight", *_BODY, "idempotency-key-reuse", *_LOAD),
)
async def create_order(order: CreateOrder, key: Key, subject: Subject, request: Request) -> Response:
    """Accept an order: it lasts, and what becomes of it is told by the order and its timeline.

    A 503 whose `definite` is false may have accepted it: repeat it with the same Idempotency-Key to learn which. A key
    that is sent again is told what it was told first, whatever has become of the order.
    """
    answer = await answered(request, desk_of(request).create(subject, key, order.account_id, order.wanted()))
    order_id = order_id_of(answer.body)
    answer.headers["location"] = f"/orders/{order_id}"
    tell_movement(subject, "createOrder", key, answer.status_code, order_id=order_id)
    await failpoint("order.create.before_reply")
    return answer


@router.get(
    "/orders",
    operation_id="listOrders",
    openapi_extra=requires("orders.read"),
    summary="List one's orders",
    response_class=Response,
    responses=answers(200, Orders, "A page of orders") | refuses(*_GUARDED, *_LOAD),
)
async def list_orders(page: Annotated[Page, Query()], subject: Subject, request: Request) -> Response:
    """Return a page of the caller's orders, the newest first."""
    query = ListOrders(subject, None if page.before is None else UUID(page.before), page.limit)
    with told():
        found = await ListOrdersUseCase(api_of(request).queries).execute(query)
    return Response(page_body(found), media_type=JSON)


@router.get(
    "/orders/{order_id}",
    operation_id="getOrder",
    openapi_extra=requires("orders.read"),
    summary="Read an order",
    response_class=Response,
    responses=answers(200, Order, "The order") | refuses(*_GUARDED, "not-found", *_LOAD),
)
async def get_order(order_id: PathId, subject: Subject, request: Request) -> Response:
    """Return one of the caller's orders as it is now."""
    with told():
        async with api_of(request).reading() as orders:
            view = await GetOrderUseCase(orders).execute(GetOrder(UUID(order_id), subject))
    return Response(order_body(view), media_type=JSON)


@router.delete(
    "/orders/{order_id}",
    operation_id="cancelOrder",
    openapi_extra=requires("orders.write"),
    summary="Ask for an order's end",
    status_code=202,
    response_class=Response,
    responses=answers(202, Order, "The order, cancelled or to be cancelled if that is still possible")
    | refuses(*_GUARDED, "not-found", "too-late", *_LOAD),
)
async def cancel_order(order_id: PathId, subject: Subject, request: Request) -> Response:
    """Cancel an order that nothing was begun for; of any other one note that its customer does not want it any more.

    Asking twice is asking once. Whether a wish is granted is told by the order's status, and by its timeline.
    """
    answer = await answered(request, desk_of(request).cancel(subject, UUID(order_id)))
    tell_movement(subject, "cancelOrder", None, answer.status_code, order_id=order_id)
    return answer


def create_application() -> FastAPI:
    """Return the routes as an application without anything behind them, which is enough for its document."""
    return make_application("Trivet Order", "Takes orders, and tells what became of them.", router, timeline, checkout)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return describe(create_application())


def create_service(api: Api, timelines: Timelines) -> tuple[ASGIApp, Units]:
    """Return the whole application of a process, and the work that it has in flight."""
    app = create_application()
    units, process = Units(), api.process
    settings, registry = process.settings, process.registry
    app.state.timelines = timelines
    app.state.api, app.state.units, app.state.desk = api, units, Desk(api, Metrics(registry))
    app.router.routes.extend([*process.health.routes(), metrics_route(registry)])
    guarded = process.gate.before(LimitsMiddleware(app))
    shedding = SheddingMiddleware(guarded, settings.requests_max, OPEN_PATHS, MEMBER, registry)
    return TraceMiddleware(MetricsMiddleware(shedding, MEMBER, registry), settings.listen), units
