"""The HTTP face: routes that say what they take and answer, and nothing of how it is done."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query

from trivet_chassis import (
    Answer,
    Forbidden,
    InvalidRequest,
    ServiceError,
    current_principal,
    reach,
    read_key,
    refusal,
    success,
)
from trivet_wallet.entrypoints import answers, wire
from trivet_wallet.entrypoints.boundary import StrictParser, add_handlers, answered
from trivet_wallet.entrypoints.desk import Desk
from trivet_wallet.entrypoints.documentation import moves, reads
from trivet_wallet.entrypoints.telling import tell
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services import Command
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.teller import Call

ANYBODYS = "accounts.any"
"""The scope of services and staff, who act on accounts that are not theirs."""


def nobody(request: HttpRequest) -> None:
    """Let nobody in: what a route answers that says nothing of who may ask.

    Raises:
        Forbidden: Always.
    """
    raise Forbidden(f"nobody may ask {request.path}")


api = NinjaAPI(
    title="Trivet Wallet",
    version="1",
    description="A double-entry ledger in which no coin is spent twice.",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
    auth=nobody,
)
add_handlers(api)


def desk_of(request: HttpRequest) -> Desk:
    """Return the process's desk."""
    desk: Desk = request.scope["state"]["desk"]  # type: ignore[attr-defined]  # served by ASGI alone
    return desk


def subject() -> str:
    """Return who asks: keys, and charges by their keys, are theirs."""
    return current_principal().subject


def owner() -> str | None:
    """Return whose an account must be that is read or paid from: who asks, unless they act for everybody (None)."""
    principal = current_principal()
    return None if principal.may(ANYBODYS) else principal.subject


def key_of(request: HttpRequest) -> str | None:
    """Return the request's key, or None."""
    return read_key(request.scope["headers"])  # type: ignore[attr-defined]  # the same


def required_key_of(request: HttpRequest) -> str:
    """Return the request's key.

    Raises:
        InvalidRequest: It has none: a movement of money whose outcome could not be asked for again is not begun.
    """
    key = key_of(request)
    if key is None:
        raise InvalidRequest("Idempotency-Key is required where money moves")
    return key


async def settled(request: HttpRequest, command: Command) -> HttpResponse:
    """Settle a command and return its answer."""
    try:
        answer = await desk_of(request).settle(command)
    except ServiceError as error:
        if not error.definite:
            tell(command, error)
        raise
    tell(command, answer)
    reach("wallet.movement.before_reply")
    return answered(answer)


@api.post(
    "/accounts",
    **moves("openAccount", "Open an account", "accounts.open", 201, answers.AccountOut, "already-exists", key="may"),
)
async def open_account(request: HttpRequest, body: wire.OpenAccount) -> HttpResponse:
    """Open an empty account; without an id one is made up, and then only a key makes the request repeatable.

    Who does not act for everybody opens accounts of their own alone, and does not choose their ids: a refusal would
    tell them which ids others have.
    """
    whose = owner()
    if whose is not None and (body.owner != whose or body.id is not None):
        raise Forbidden(f"without {ANYBODYS} an account is opened for {whose}, and under an id that is made up")
    command = OpenAccount(
        subject=subject(),
        key=key_of(request),
        account_id=body.id or f"a-{uuid.uuid4().hex}",
        owner=body.owner,
        account_kind=AccountKind(body.kind),
        currency=body.currency,
        is_named=body.id is not None,
    )
    return await settled(request, command)


@api.get("/accounts", **reads("listAccounts", "List accounts", "accounts.read", answers.AccountPage))
async def list_accounts(request: HttpRequest, page: Query[wire.Page]) -> HttpResponse:
    """Return a page of the caller's accounts in the order of their ids, all as they are at one moment."""
    desk, whose = desk_of(request), owner()
    return answered(success(200, dict(await desk.read(lambda: desk.selectors.accounts(page.after, page.limit, whose)))))


@api.get(
    "/accounts/{account_id}", **reads("getAccount", "Read an account", "accounts.read", answers.AccountOut, "not-found")
)
async def get_account(request: HttpRequest, account_id: wire.AnyAccountId) -> HttpResponse:
    """Return an account as it is now."""
    desk, whose = desk_of(request), owner()
    return answered(success(200, dict(await desk.read(lambda: desk.selectors.account(account_id, whose)))))


@api.get(
    "/accounts/{account_id}/statement",
    **reads("getStatement", "Read a statement", "accounts.read", answers.Statement, "not-found"),
)
async def get_statement(
    request: HttpRequest, account_id: wire.AnyAccountId, page: Query[wire.StatementPage]
) -> HttpResponse:
    """Return a page of what was posted to an account, oldest first; nothing is ever inserted before a cursor."""
    desk, whose = desk_of(request), owner()
    found = await desk.read(lambda: desk.selectors.statement(account_id, page.after, page.limit, whose))
    return answered(success(200, dict(found)))


@api.post("/deposits", **moves("deposit", "Pay money in", "deposits.write", 201, answers.DepositOut, "not-found"))
async def deposit(request: HttpRequest, body: wire.Deposit) -> HttpResponse:
    """Move money from the world outside to an account."""
    return await settled(request, Deposit(subject(), required_key_of(request), body.account_id, body.amount_minor))


@api.post(
    "/transfers",
    **moves("transfer", "Move money", "transfers.write", 201, answers.TransferOut, "insufficient-funds", "not-found"),
)
async def transfer(request: HttpRequest, body: wire.Transfer) -> HttpResponse:
    """Move money from one account to another of the same currency."""
    key = required_key_of(request)
    asked = Transfer(subject(), key, body.from_account_id, body.to_account_id, body.amount_minor, owner())
    return await settled(request, asked)


@api.post(
    "/charges",
    **moves(
        "charge",
        "Charge a customer",
        "charges.write",
        201,
        answers.ChargeOut,
        "insufficient-funds",
        "not-found",
        "charge-voided",
    ),
)
async def charge(request: HttpRequest, body: wire.Charge) -> HttpResponse:
    """Take a customer's money for a merchant, or hold it. The Idempotency-Key names the charge from then on."""
    return await settled(request, _charge(required_key_of(request), body))


@api.get("/charges", **reads("getCharge", "Read a charge by its key", "charges.read", answers.ChargeOut, "not-found"))
async def get_charge(request: HttpRequest, which: Query[wire.ByKey]) -> HttpResponse:
    """Return the caller's charge as it is now."""
    desk, whose = desk_of(request), subject()
    return answered(success(200, dict(await desk.read(lambda: desk.selectors.charge(whose, which.key)))))


@api.post(
    "/captures",
    **moves(
        "capture",
        "Take what is held",
        "charges.settle",
        200,
        answers.ChargeOut,
        "not-found",
        "already-captured",
        "charge-voided",
    ),
)
async def capture(request: HttpRequest, body: wire.Capture) -> HttpResponse:
    """Take all that a charge holds, or a part of it, and let go of the rest."""
    return await settled(request, Capture(subject(), required_key_of(request), body.charge_key, body.amount_minor))


@api.post(
    "/refunds",
    **moves(
        "refund",
        "Give money back",
        "charges.settle",
        201,
        answers.RefundOut,
        "insufficient-funds",
        "not-found",
        "refund-exceeds-capture",
    ),
)
async def refund(request: HttpRequest, body: wire.Refund) -> HttpResponse:
    """Give captured money back, whole or in parts."""
    return await settled(request, _refund(required_key_of(request), body))


@api.post("/voids", **moves("void", "Give a charge up", "charges.settle", 200, answers.VoidOut, "already-captured"))
async def void(request: HttpRequest, body: wire.Void) -> HttpResponse:
    """Make sure that a charge takes nothing, whether it arrived or not; one that comes later is refused."""
    return await settled(request, _void(required_key_of(request), body))


@api.post("/charges/batch", **moves("batch", "Settle many orders", "charges.batch", 200, answers.BatchOut, key="no"))
async def batch(request: HttpRequest, body: wire.Batch) -> HttpResponse:
    """Charge, refund and void for many orders in one transaction, in their order; an entry that fails fails alone."""
    names = [(entry.op, entry.key) for entry in body.entries]
    if len(set(names)) != len(names):
        raise InvalidRequest("entries: two of one operation have the same key")
    commands = [_command(entry) for entry in body.entries]
    outcomes = await desk_of(request).settle_all([Call(command) for command in commands])
    for command, outcome in zip(commands, outcomes, strict=True):
        tell(command, outcome)
    reach("wallet.movement.before_reply")
    told = [_entry(entry.key, outcome) for entry, outcome in zip(body.entries, outcomes, strict=True)]
    return answered(success(200, {"answers": told}))


def _command(entry: wire.ChargeEntry | wire.RefundEntry | wire.VoidEntry) -> Command:
    match entry:
        case wire.ChargeEntry():
            return replace(_charge(entry.key, entry), customer=entry.subject, currency=entry.currency)
        case wire.RefundEntry():
            return replace(_refund(entry.key, entry), customer=entry.subject)
        case wire.VoidEntry():
            return replace(_void(entry.key, entry), customer=entry.subject)


def _charge(key: str, body: wire.Charge) -> MakeCharge:
    accounts = body.customer_account_id, body.merchant_account_id
    return MakeCharge(subject(), key, *accounts, body.amount_minor, body.capture, owner())


def _refund(key: str, body: wire.Refund) -> Refund:
    return Refund(subject(), key, body.charge_key, body.amount_minor)


def _void(key: str, body: wire.Void) -> Void:
    return Void(subject(), key, body.charge_key)


def _entry(key: str, outcome: Answer | ServiceError) -> dict[str, Any]:
    """Return what an entry was told, as the single request would have been."""
    answer = refusal(outcome) if isinstance(outcome, ServiceError) else outcome
    return {"key": key, "status": answer.status, "replayed": answer.replayed, "body": msgspec.Raw(answer.body)}
