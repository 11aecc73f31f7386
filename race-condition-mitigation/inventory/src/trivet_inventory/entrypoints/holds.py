"""The routes of holds: for services that act for customers. The edge routes none of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from trivet_chassis import JSON, Answer, Internal, ServiceError, failpoint, refusal, refuses, requires, tell_movement
from trivet_chassis.web import StrictRoute, answered, answers
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.entrypoints.serving import BODIES, GUARDED, KEYED, LOAD, Subject, inventory_of
from trivet_inventory.entrypoints.wire_holds import (
    BatchEntry,
    BatchOut,
    ConfirmEntry,
    GivenBack,
    HoldBatch,
    HoldEntry,
    HoldId,
    HoldIn,
    HoldOut,
    PinEntry,
    ReleasedOut,
    ReleaseEntry,
    SettledOut,
    SettleIn,
    StandingOut,
    Whose,
)
from trivet_inventory.holds import Confirm, Entry, HoldStock, Name, Pin, Release, Told, Wanted

router = APIRouter(route_class=StrictRoute)
PathId = Annotated[HoldId, Path()]
_SETTLE = requires("stock.settle")
_OPERATIONS = {"hold": "holdStock", "pin": "pinStock", "confirm": "confirmStock", "release": "releaseStock"}
_SETTLES = (*BODIES, "not-found", "out-of-stock", "already-held", "hold-expired", "hold-released", *LOAD)


@router.post(
    "/stock-holds",
    operation_id="holdStock",
    openapi_extra=_SETTLE,
    summary="Hold units of items",
    status_code=201,
    response_class=Response,
    responses=answers(201, HoldOut, "Held", keyed=True)
    | refuses(*BODIES, "not-found", "out-of-stock", "hold-released", *KEYED),
)
async def hold_stock(hold: HoldIn, caller: Subject, request: Request) -> Response:
    """Hold all of these units or none, until the hold expires, is released, or an order pins it."""
    return await _one(request, caller, _hold(hold))


@router.post(
    "/stock-holds/batch",
    operation_id="settleStock",
    openapi_extra=_SETTLE,
    summary="Hold, pin, confirm and release for many orders",
    response_class=Response,
    responses=answers(200, BatchOut, "An answer for each entry, in their order") | refuses(*BODIES, *LOAD),
)
async def settle_stock(batch: HoldBatch, caller: Subject, request: Request) -> Response:
    """Do entries of many orders in one transaction and in their order; an entry that fails fails alone."""
    return await answered(request, _batch(inventory_of(request), caller, [_entry(entry) for entry in batch.entries]))


@router.post(
    "/stock-holds/{hold_id}/pin",
    operation_id="pinStock",
    openapi_extra=_SETTLE,
    summary="Make a hold an order's",
    response_class=Response,
    responses=answers(200, SettledOut, "Pinned", keyed=True) | refuses(*_SETTLES),
)
async def pin_stock(hold_id: PathId, order: SettleIn, caller: Subject, request: Request) -> Response:
    """Make a hold an order's, for good until that order confirms or releases it."""
    return await _one(request, caller, Pin(Name(order.subject, hold_id), order.order_id))


@router.post(
    "/stock-holds/{hold_id}/confirm",
    operation_id="confirmStock",
    openapi_extra=_SETTLE,
    summary="Sell what an order pinned",
    response_class=Response,
    responses=answers(200, SettledOut, "Sold", keyed=True) | refuses(*_SETTLES),
)
async def confirm_stock(hold_id: PathId, order: SettleIn, caller: Subject, request: Request) -> Response:
    """Sell what an order pinned. That cannot fail for a reason of business."""
    return await _one(request, caller, Confirm(Name(order.subject, hold_id), order.order_id))


@router.delete(
    "/stock-holds/{hold_id}",
    operation_id="releaseStock",
    openapi_extra=_SETTLE,
    summary="Give a hold back",
    response_class=Response,
    responses=answers(200, ReleasedOut, "Released", keyed=True)
    | refuses(*GUARDED, "invalid-request", "too-late", *LOAD),
)
async def release_stock(
    hold_id: PathId, asked: Annotated[GivenBack, Query()], caller: Subject, request: Request
) -> Response:
    """Give a hold back; of one that never came a tombstone is left, which refuses it when it comes."""
    return await _one(request, caller, Release(Name(asked.subject, hold_id), asked.order_id))


@router.get(
    "/stock-holds/{hold_id}",
    operation_id="getStockHold",
    openapi_extra=_SETTLE,
    summary="Read a hold",
    response_class=Response,
    responses=answers(200, StandingOut, "The hold") | refuses(*GUARDED, "invalid-request", "not-found", *LOAD),
)
async def get_stock_hold(hold_id: PathId, whose: Annotated[Whose, Query()], request: Request) -> Response:
    """Return a hold as it is now."""
    found = await inventory_of(request).stock_desk.look(Name(whose.subject, hold_id))
    return Response(msgspec.json.encode(found), media_type=JSON)


async def _one(request: Request, caller: str, entry: Entry) -> Response:
    return await answered(request, _single(inventory_of(request), caller, entry))


async def _single(inventory: Inventory, caller: str, entry: Entry) -> Answer:
    answer = await inventory.stock_desk.one(entry)
    _tell(caller, entry, answer)
    await failpoint("inventory.holds.before_reply")
    return answer


async def _batch(inventory: Inventory, caller: str, entries: list[Entry]) -> Answer:
    outcomes = [_answer(told) for told in await inventory.stock_desk.many(entries)]
    for entry, answer in zip(entries, outcomes, strict=True):
        _tell(caller, entry, answer)
    await failpoint("inventory.holds.before_reply")
    told = [
        {
            "id": entry.name.id,
            "status": answer.status,
            "replayed": answer.replayed,
            "body": msgspec.Raw(answer.body),
        }
        for entry, answer in zip(entries, outcomes, strict=True)
    ]
    return Answer(200, msgspec.json.encode({"answers": told}))


def _answer(told: Told) -> Answer:
    if isinstance(told, Answer):
        return told
    return refusal(told if isinstance(told, ServiceError) else Internal("an entry met a defect"))


def _tell(caller: str, entry: Entry, answer: Answer) -> None:
    tell_movement(
        caller,
        _OPERATIONS[entry.OPERATION],
        entry.name.id,
        None if answer.status == 500 else answer.status,
        customer=entry.name.subject,
        order_id=entry.order_id,
        replayed=answer.replayed,
    )


def _hold(hold: HoldIn) -> HoldStock:
    lines = tuple(Wanted(line.item_id, line.quantity) for line in hold.lines)
    return HoldStock(Name(hold.subject, hold.id), lines, hold.ttl_ms)


def _entry(entry: BatchEntry) -> Entry:
    match entry:
        case HoldEntry():
            return _hold(entry)
        case PinEntry():
            return Pin(Name(entry.subject, entry.id), entry.order_id)
        case ConfirmEntry():
            return Confirm(Name(entry.subject, entry.id), entry.order_id)
        case ReleaseEntry():
            return Release(Name(entry.subject, entry.id), entry.order_id)
