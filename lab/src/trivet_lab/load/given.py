"""What earlier answers gave to later operations: the tokens of holds, in memory and nowhere else, and ids.

Whoever pins a hold has read the hold's answer. So what needs one is due when it was planned, or when that answer came
if it came later, and its lateness and latency count from there: a shop that answers late has not made its crowd late
once more. This is a partly open loop (Schroeder, Wierman and Harchol-Balter, Open Versus Closed: A Cautionary Tale,
NSDI 2006): people arrive whatever becomes of those before them, and go on with what they were told.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from trivet_lab.evidence import Outcome
from trivet_lab.load.draft import Request

TOKEN = "token"  # noqa: S105  - the field's name
ID = "id"


class Brought(NamedTuple):
    """What an answer said that later operations show: empty where it said no such thing."""

    token: str
    id: str


class Given:
    """What was done, and what its answers brought, by the names under which operations wait for them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._told: dict[str, asyncio.Future[Brought | None]] = {}

    def is_told(self, name: str) -> bool:
        """Whether it is known already whether this was done."""
        return self._future(name).done()

    async def brought(self, name: str) -> Brought | None:
        """Wait until that is known, and return what it brought; None if it was not done."""
        return await asyncio.shield(self._future(name))

    def tell(self, request: Request, outcome: Outcome | None, body: dict[str, Any] | None) -> None:
        """Take in how an operation ended that others wait for; None is one that was never sent.

        Of several that give the same, one that was refused says nothing against another that was not.
        """
        said = body or {}
        brought = Brought(said.get(TOKEN, ""), str(said.get(ID, ""))) if outcome == "ok" else None
        known = self._future(request.gives)
        if known.done() and known.result() is None and brought is not None:
            known = self._told[request.gives] = asyncio.get_running_loop().create_future()
        if not known.done():
            known.set_result(brought)

    def _future(self, name: str) -> asyncio.Future[Brought | None]:
        future = self._told.get(name)
        if future is None:
            future = self._told[name] = asyncio.get_running_loop().create_future()
        return future


def needed_by(request: Request) -> Sequence[str]:
    """Return the names of all that has to be done before this can be asked."""
    needed = request.needs or request.follows or request.about
    return request.shows or ((needed,) if needed else ())


def equipped(request: Request, brought: Sequence[Brought]) -> Request:
    """Return a request with what the answers brought that it needs, in the order of their names."""
    if request.shows:
        return with_tokens_of_lines(request, [each.token for each in brought])
    if request.needs:
        return with_token(request, brought[0].token)
    return with_id(request, brought[0].id) if request.about else request


def with_tokens_of_lines(request: Request, tokens: Sequence[str]) -> Request:
    """Return an order whose lines of seats show these tokens, in their order."""
    body = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    left = iter(tokens)
    lines = [line | {TOKEN: next(left)} if "hold_id" in line else line for line in body["lines"]]
    return msgspec.structs.replace(request, body=msgspec.json.encode(body | {"lines": lines}))


def with_token(request: Request, token: str) -> Request:
    """Return a request whose body shows this token."""
    body = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    return msgspec.structs.replace(request, body=msgspec.json.encode(body | {TOKEN: token}))


def with_id(request: Request, order_id: str) -> Request:
    """Return a request whose path and arguments name what it is about."""
    args = request.args | {"order_id": order_id}
    return msgspec.structs.replace(request, path=request.path.replace("{id}", order_id), args=args)


def without_secret(request: Request, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an answer as it may be written down: by its digest two answers can be compared, and nothing be pinned."""
    if not request.gives or body is None or not isinstance(token := body.get(TOKEN), str):
        return body
    return body | {TOKEN: f"sha256:{hashlib.sha256(token.encode()).hexdigest()[:16]}"}
