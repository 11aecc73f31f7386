"""The control API's paths and what each does."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trivet_lab.control.answers import Faults, HealedAll, PossibleFault, Wanted
from trivet_lab.control.answers import Parts as PartsAnswer
from trivet_lab.control.breakage import Breakage
from trivet_lab.control.parts import Parts
from trivet_lab.control.problems import Defect, InvalidRequest, MethodNotAllowed, NotFound, Problem, answer
from trivet_lab.faults import find_faults

Work = Callable[[Request, bytes], msgspec.Struct]


def application(parts: Parts, breakage: Breakage) -> Starlette:
    """Return the API over these parts and their faults."""
    possible = [PossibleFault(name, kind.PROVES, sorted(kind.KINDS or ())) for name, kind in find_faults().items()]

    def heal(request: Request, _: bytes) -> msgspec.Struct:
        return breakage.heal(request.path_params["number"])

    routes = [
        _route("GET", "/parts", lambda _, __: PartsAnswer(parts.all())),
        _route("POST", "/parts/{name}/start", lambda request, _: parts.start(request.path_params["name"])),
        _route("POST", "/parts/{name}/stop", lambda request, _: parts.stop(request.path_params["name"])),
        Route("/faults", _Faults(breakage, possible).answer, methods=["GET", "POST"]),
        _route("POST", "/faults/heal", lambda _, __: HealedAll(breakage.heal_all())),
        _route("POST", "/faults/{number:int}/heal", heal),
    ]
    return Starlette(
        routes=routes, exception_handlers={Problem: _refused, HTTPException: _unrouted, Exception: _defect}
    )


class _Faults:
    """What can be broken and what is, and the place to ask for more: one path, two methods."""

    def __init__(self, breakage: Breakage, possible: list[PossibleFault]) -> None:
        self._breakage = breakage
        self._possible = possible

    async def answer(self, request: Request) -> Response:
        if request.method == "POST":
            return await _done(self._ask, request, 201)
        return await _done(lambda _, __: Faults(self._possible, self._breakage.all()), request, 200)

    def _ask(self, _: Request, body: bytes) -> msgspec.Struct:
        try:
            wanted = msgspec.json.decode(body, type=Wanted)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"the body is no fault: {error}") from error
        return self._breakage.ask(wanted)


def _route(method: str, path: str, work: Work) -> Route:
    async def endpoint(request: Request) -> Response:
        return await _done(work, request, 200)

    return Route(path, endpoint, methods=[method])


async def _done(work: Work, request: Request, status: int) -> Response:
    """Do it on a thread, since a server takes seconds to start, and answer."""
    done = await run_in_threadpool(work, request, await request.body())
    return Response(msgspec.json.encode(done), status, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    return answer(error if isinstance(error, Problem) else Defect(str(error)))


async def _unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    if status != 405:
        return answer(NotFound(f"there is nothing at {request.url.path}"))
    response = answer(MethodNotAllowed(f"{request.url.path} has no {request.method}"))
    response.headers["allow"] = (getattr(error, "headers", None) or {}).get("Allow", "")
    return response


async def _defect(_: Request, error: Exception) -> Response:
    return answer(Defect(f"a defect of the lab ({type(error).__name__}); what ./trivet up prints says more"))
