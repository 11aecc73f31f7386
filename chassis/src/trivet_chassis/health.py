"""``/livez`` and ``/readyz``: two questions that must not share an answer.

``/livez`` is about the process alone: if it looked at a dependency, an outage of that dependency would restart every
healthy replica. ``/readyz`` is about what the service needs to serve, each need named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .errors import Unavailable
from .rendering import problem_response

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, otherwise one sentence that says what is missing."""


class Health:
    """The named checks of a service, each bounded by ``deadline_ms``; ``drain()`` makes it unready for good.

    ``concerns`` are checks too, of what keeps nobody from being served yet: ``/readyz`` tells of them and says yes.
    """

    def __init__(
        self, checks: Mapping[str, Check], deadline_ms: int = 1000, concerns: Mapping[str, Check] | None = None
    ) -> None:
        self._checks = dict(checks)
        self._concerns = dict(concerns or {})
        self._deadline_ms = deadline_ms
        self._draining = False

    def drain(self) -> None:
        """Answer unready from now on, so that load balancers send new requests elsewhere."""
        self._draining = True

    @property
    def is_draining(self) -> bool:
        """Whether the process is ending; an answer that has no end of its own ends then."""
        return self._draining

    async def look(self) -> dict[str, str | None]:
        """Run all checks at once and return what each says, by name."""
        found = await self._ask_all(self._checks)
        if self._draining:
            found["process"] = "is draining"
        return found

    async def _ask_all(self, checks: Mapping[str, Check]) -> dict[str, str | None]:
        said = await asyncio.gather(*(self._ask(check) for check in checks.values()))
        return dict(zip(checks, said, strict=True))

    async def _ask(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._deadline_ms / 1000):
                return await check()
        except TimeoutError:
            return f"did not answer within {self._deadline_ms} ms"
        except Exception as error:  # noqa: BLE001  - a check that breaks is a check that failed, whatever broke it
            return f"{type(error).__name__}: {error}"

    def routes(self) -> list[Route]:
        """Return the routes of ``/livez`` and ``/readyz``."""

        async def livez(_: Request) -> Response:
            return Response(b'{"live":true}', media_type="application/json")

        async def readyz(_: Request) -> Response:
            checks = await self.look()
            missing = [f"{name} {sentence}" for name, sentence in checks.items() if sentence is not None]
            if missing:
                return problem_response(Unavailable("; ".join(missing), definite=True, checks=checks))
            body: dict[str, object] = {"ready": True, "checks": checks}
            if self._concerns:
                body["concerns"] = await self._ask_all(self._concerns)
            return Response(msgspec.json.encode(body), media_type="application/json")

        return [Route("/livez", livez), Route("/readyz", readyz)]
