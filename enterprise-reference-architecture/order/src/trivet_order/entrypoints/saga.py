"""``trivet-order saga``: the worker of checkouts, and what an operator does with them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import cyclopts
from cyclopts import Parameter

from trivet_order.adapters.sqlalchemy.saga_operations import SagaRow, SqlAlchemySagaOperations
from trivet_order.application import CheckoutRecord, OrderNotFound, StoreUnavailable
from trivet_order.application.saga import Change, Claim, SagaState, park, resume
from trivet_order.bootstrap import build_checkouts, build_saga_operations
from trivet_order.domain import IllegalTransition
from trivet_order.entrypoints.parked import printable
from trivet_order.entrypoints.saga_worker import serve_checkouts
from trivet_order.settings import settings_from_environment

PAGE_MAX = 1000
ATTEMPTS_MAX = 20
T = TypeVar("T")
Json = Annotated[bool, Parameter(name="--json")]
saga = cyclopts.App(name="saga", help="Take checkouts through, and look after them.")


class Contended(Exception):
    """Somebody else writes the checkout again and again."""


@saga.command
def worker() -> None:
    """Take checkouts through until SIGTERM."""
    serve_checkouts(build_checkouts(settings_from_environment()))


@saga.command(name="list")
def list_sagas(
    *states: SagaState, parked: bool = False, after: UUID | None = None, limit: int = 100, json_: Json = False
) -> None:
    """List checkouts in the order of their orders, the oldest first.

    Parameters
    ----------
    states
        Only those that are in one of these; any without one.
    parked
        Only those that nobody tries any more.
    after
        The order to go on from.
    limit
        How many at most, 1000 and fewer.
    json_
        One JSON object on stdout.
    """

    async def page(operations: SqlAlchemySagaOperations) -> list[SagaRow]:
        return list(await operations.page(after, min(limit, PAGE_MAX), states=states, parked=parked))

    found = _run(page)
    if json_:
        _say(json.dumps({"sagas": [_listed(each) for each in found]}, indent=2))
        return
    for each in found:
        why = f"  parked: {printable(each.parked)}" if each.parked else ""
        _say(f"{each.order_id}  {each.created_on:%Y-%m-%dT%H:%M:%SZ}  {each.state:<10}  {each.attempts} tries{why}")
    if not found:
        _say("there is none", error=True)


@saga.command
def show(order: UUID, *, json_: Json = False) -> None:
    """Show an order's checkout and how it came there.

    Parameters
    ----------
    order
        The order's id.
    json_
        One JSON object on stdout.
    """
    _show(_run(lambda operations: operations.show(order)), json_=json_)


@saga.command
def retry(*orders: UUID, json_: Json = False) -> None:
    """Have checkouts tried again at once, as if for the first time; one that is parked is parked no more.

    Parameters
    ----------
    orders
        Orders' ids.
    json_
        One JSON object on stdout.
    """
    deadline_s = settings_from_environment().saga_step_deadline_ms / 1000
    _operate(orders, "tried again", lambda claim: resume(claim.found[0], claim.now, deadline_s), json_=json_)


@saga.command(name="park")
def park_saga(*orders: UUID, why: str, json_: Json = False) -> None:
    """Have nobody try checkouts any more until they are retried; what is in flight comes to its end unheard.

    Parameters
    ----------
    orders
        Orders' ids.
    why
        The reason, which every operator is told who looks at them; a customer is told only that it is parked.
    json_
        One JSON object on stdout.
    """
    _operate(orders, "parked", lambda claim: park(claim.found[0], why), json_=json_)


def _operate(orders: tuple[UUID, ...], done: str, decide: Callable[[Claim], Change], *, json_: bool) -> None:
    """Change each, and say of each what became of it; exit 1 if one of them was refused."""

    async def operate(operations: SqlAlchemySagaOperations) -> dict[str, str]:
        said = {}
        for order in orders:
            try:
                await _changed(operations, order, decide)
            except (OrderNotFound, IllegalTransition, Contended) as refused:
                said[str(order)] = f"refused: {refused}"
            else:
                said[str(order)] = done
        return said

    said = _run(operate)
    if json_:
        _say(json.dumps({"sagas": said}, indent=2))
    else:
        for order, sentence in said.items():
            _say(f"{order}  {sentence}")
    if any(sentence.startswith("refused") for sentence in said.values()):
        sys.exit(1)


async def _changed(operations: SqlAlchemySagaOperations, order: UUID, decide: Callable[[Claim], Change]) -> None:
    """Change one; a worker that writes it meanwhile has it read and decided anew."""
    for _ in range(ATTEMPTS_MAX):
        if await operations.write(decide(await operations.find(order))):
            return
    raise Contended(f"somebody else wrote it {ATTEMPTS_MAX} times in a row")


def _run(work: Callable[[SqlAlchemySagaOperations], Awaitable[T]]) -> T:
    """Do the work on a database that is closed afterwards; exit 1 with a sentence if it cannot be done."""

    async def all_of_it() -> T:
        database, operations = build_saga_operations(settings_from_environment())
        try:
            return await work(operations)
        finally:
            await database.close()

    try:
        return asyncio.run(all_of_it())
    except (OrderNotFound, StoreUnavailable) as error:
        _say(f"✗ {error}", error=True)
        sys.exit(1)


def _listed(row: SagaRow) -> dict[str, Any]:
    return {
        "order_id": str(row.order_id),
        "state": row.state,
        "attempts": row.attempts,
        "parked": row.parked,
        "created_at": row.created_on.isoformat(),
        "due_at": row.due_on and row.due_on.isoformat(),
        "ended_at": row.ended_on and row.ended_on.isoformat(),
    }


def _show(found: CheckoutRecord, *, json_: bool) -> None:
    if json_:
        steps = [
            {
                "event": step.event,
                "state": step.state,
                "attempts": step.attempts,
                "detail": step.detail,
                "at": step.at.isoformat(),
            }
            for step in found.steps
        ]
        whole = {
            "order_id": str(found.order_id),
            "state": found.state,
            "attempts": found.attempts,
            "reason": found.reason,
            "parked": found.parked,
            "steps": steps,
        }
        _say(json.dumps(whole, indent=2))
        return
    for name in ("order_id", "state", "attempts", "reason", "parked"):
        _say(f"{name}: {printable(str(getattr(found, name)))}", error=True)
    for step in found.steps:
        detail = f"  {printable(step.detail)}" if step.detail else ""
        _say(f"{step.at:%Y-%m-%dT%H:%M:%S.%fZ}  {step.state:<10}  {step.event:<15}  {step.attempts} tries{detail}")


def _say(text: str, *, error: bool = False) -> None:
    print(text, file=sys.stderr if error else sys.stdout)
