"""JSON read strictly: no name twice, no NaN, no Infinity.

Python's parser takes the last of two equal names, others take the first: a request that two readers understand
differently is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from trivet_chassis import InvalidRequest

_EXACT_BELOW = 2**53


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"the body has the name {json.dumps(doubled)} twice")
    return found


def _text(body: bytes) -> str:
    """Return the body's text: UTF-8 without a mark (RFC 8259, section 8.1), never guessed at."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("the body is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise InvalidRequest("the body begins with a byte order mark, which JSON does not have")
    return text


def _constant(word: str) -> None:
    raise InvalidRequest(f"the body has {word}, which is no JSON")


def _number(text: str) -> int | float:
    """Return 2.0 as 2: JSON Schema, and so the contract, calls both an integer."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT_BELOW else value


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(
            _text(await self.body()), object_pairs_hook=_object, parse_float=_number, parse_constant=_constant
        )


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, given a request that parses strictly."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict
