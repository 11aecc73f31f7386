"""FastAPI's routes that say who may ask, and whose bodies are read strictly."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from trivet_chassis.errors import InvalidRequest
from trivet_chassis.strict_json import read_json
from trivet_chassis.tokens import current_principal, ensure_granted, required_scope


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body, parsed."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route that only who was granted its scope may ask, and whose body is read strictly.

    The scope is the one in the route's documentation: the two cannot differ, and a route without one is not made.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, given a request of somebody who may ask, that parses strictly.

        Raises:
            ValueError: Nobody said who may ask.
        """
        handle = super().get_route_handler()
        scope = required_scope(self.openapi_extra or {})

        async def strict(request: Request) -> Response:
            ensure_granted(current_principal(), scope)
            try:
                return await handle(StrictRequest(request.scope, request.receive))
            except HTTPException as error:
                # FastAPI hides what its body's reader raised behind a sentence of its own.
                if isinstance(error.__cause__, InvalidRequest):
                    raise error.__cause__ from None
                raise

        return strict
