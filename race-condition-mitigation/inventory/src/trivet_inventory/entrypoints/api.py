"""The HTTP face: routes that say what they take and answer, and nothing of how it is done."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.types import ASGIApp

from trivet_chassis import (
    JSON,
    OPEN_PATHS,
    LimitsMiddleware,
    MetricsMiddleware,
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
from trivet_chassis.web import KEY_FIELD, StrictRoute, answered, answers, describe, make_application
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.entrypoints.holds import router as holds
from trivet_inventory.entrypoints.serving import GUARDED, KEYED, LOAD, WRITES, Subject, inventory_of
from trivet_inventory.entrypoints.wire import (
    BuyItem,
    CreateItem,
    Item,
    ItemId,
    ItemPage,
    Page,
    Purchase,
    Restock,
    Restocked,
)
from trivet_inventory.items import NewItem
from trivet_inventory.purchases import Order
from trivet_inventory.settings import MEMBER

router = APIRouter(route_class=StrictRoute)


async def idempotency_key(request: Request, key: Annotated[str | None, KEY_FIELD] = None) -> str | None:
    """Return the request's one idempotency key; two of them would be a guess."""
    del key  # declared for the document and for a refusal that names the field; of two, the framework shows one
    return read_key(request.headers.raw)


Key = Annotated[str | None, Depends(idempotency_key)]
PathId = Annotated[ItemId, Path()]


@router.post(
    "/buy-item",
    operation_id="buyItem",
    openapi_extra=requires("items.buy"),
    summary="Buy units of an item",
    response_class=Response,
    responses=answers(200, Purchase, "Purchased", keyed=True)
    | refuses(*WRITES, "not-found", "out-of-stock", "lock-busy", *KEYED),
)
async def buy_item(order: BuyItem, key: Key, subject: Subject, request: Request) -> Response:
    """Sell units if they are there.

    A 429 turned the buyer away before anything happened. A 503 whose `definite` is false may have sold: repeat it with
    the same Idempotency-Key to learn which.
    """
    wanted = Order(subject, key, order.item_id, order.quantity)
    answer = await answered(request, inventory_of(request).checkout.buy(wanted))
    tell_movement(subject, "buyItem", key, answer.status_code, item_id=order.item_id, quantity=order.quantity)
    await failpoint("inventory.purchase.before_reply")
    return answer


@router.post(
    "/items",
    operation_id="createItem",
    openapi_extra=requires("items.write"),
    summary="Put an item on sale",
    status_code=201,
    response_class=Response,
    responses=answers(201, Item, "Created", keyed=True) | refuses(*WRITES, "already-exists", *KEYED),
)
async def create_item(item: CreateItem, key: Key, subject: Subject, request: Request) -> Response:
    """Create an item; without an id one is made up, and then only a key makes the request repeatable."""
    new = NewItem(item.id, item.name, item.stock, item.unit_price_minor, item.currency)
    return await answered(request, inventory_of(request).catalogue.create(subject, key, new))


@router.post(
    "/items/{item_id}/restock",
    operation_id="restockItem",
    openapi_extra=requires("items.write"),
    summary="Add units to an item",
    response_class=Response,
    responses=answers(200, Restocked, "Restocked", keyed=True) | refuses(*WRITES, "not-found", *KEYED),
)
async def restock_item(item_id: PathId, restock: Restock, key: Key, subject: Subject, request: Request) -> Response:
    """Add units; what is there afterwards is in the answer."""
    work = inventory_of(request).catalogue.restock(subject, key, item_id, restock.quantity)
    return await answered(request, work)


@router.get(
    "/items",
    operation_id="listItems",
    openapi_extra=requires("items.read"),
    summary="List items",
    response_class=Response,
    responses=answers(200, ItemPage, "A page of items") | refuses(*GUARDED, "invalid-request", *LOAD),
)
async def list_items(page: Annotated[Page, Query()], request: Request) -> Response:
    """Return a page of items in the order of their ids."""
    found = await inventory_of(request).catalogue.page(page.after, page.limit)
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.get(
    "/items/{item_id}",
    operation_id="getItem",
    openapi_extra=requires("items.read"),
    summary="Read an item",
    response_class=Response,
    responses=answers(200, Item, "The item") | refuses(*GUARDED, "invalid-request", "not-found", *LOAD),
)
async def get_item(item_id: PathId, request: Request) -> Response:
    """Return an item as it is now."""
    return Response(msgspec.json.encode(await inventory_of(request).catalogue.get(item_id)), media_type=JSON)


def create_application() -> FastAPI:
    """Return the routes as an application without anything behind them, which is enough for its document."""
    return make_application("Trivet Inventory", "Sells items that run out, and never one too many.", router, holds)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return describe(create_application())


def create_service(inventory: Inventory) -> tuple[ASGIApp, Units]:
    """Return the whole application of a process, and the work that it has in flight."""
    app = create_application()
    units = Units()
    app.state.inventory, app.state.units = inventory, units
    app.router.routes.extend([*inventory.health.routes(), metrics_route(inventory.registry)])
    settings, registry = inventory.settings, inventory.registry
    guarded = inventory.gate.before(LimitsMiddleware(app))
    shedding = SheddingMiddleware(guarded, settings.requests_max, OPEN_PATHS, MEMBER, registry)
    return TraceMiddleware(MetricsMiddleware(shedding, MEMBER, registry), settings.listen), units
