"""One HTTP client for all participants: pooled connections, one deadline a request, a token and a trace."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from trivet_chassis import current_trace, new_trace
from trivet_order.adapters.http.token_file import TokenMissing

ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""Twenty times what 200 entries are answered; whatever is longer is no answer."""
RETRY_AFTER_S_MAX = 60.0
"""A header that is wrong does not put an order to sleep for days."""


class Tokens(Protocol):
    """Where the access token comes from."""

    def token(self) -> str:
        """Return it, or raise TokenMissing."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that arrived whole."""

    status: int
    body: bytes
    retry_after_s: float | None


class Unanswered(Exception):
    """No whole answer came; ``definite`` says that the request was certainly not sent."""

    def __init__(self, error: str, *, definite: bool) -> None:
        super().__init__(error)
        self.error = error
        self.definite = definite


class Client:
    """Sends JSON and waits for the answer; opened and closed in the event loop that it is used in.

    It repeats nothing, follows no redirect and asks no proxy: what was sent once may have had its effect, and whoever
    sent it decides what becomes of it.
    """

    def __init__(self, *, connections_max: int, tokens: Tokens | None) -> None:
        """Make one that has at most so many connections, and shows a token unless ``tokens`` is None."""
        self._connections_max = connections_max
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections_max),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("accept-encoding",),
            auto_decompress=False,  # what nobody asked to be compressed is no answer
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, deadline_s: float) -> Response:
        """Send a body and return the answer to it.

        Args:
            url: of the route.
            body: JSON.
            deadline_s: how long all of it may take: a connection's turn, connecting, sending, and the whole answer.

        Raises:
            Unanswered: there is none.
        """
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.post(
                url,
                data=body,
                headers=self._headers(),
                timeout=aiohttp.ClientTimeout(total=deadline_s),
                allow_redirects=False,
            ) as response:
                return Response(response.status, await _whole(response), _retry_after_s(response))
        except TokenMissing as error:
            raise Unanswered(str(error), definite=True) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Unanswered(f"not reached: {error}", definite=True) from error
        except TimeoutError as error:
            raise Unanswered(f"no answer within {deadline_s:.3f} s", definite=False) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:  # cut, or no HTTP
            raise Unanswered(f"no whole answer: {type(error).__name__}: {error}", definite=False) from error

    def _headers(self) -> dict[str, str]:
        """Return what goes with a request. One that is of no trace begins one: a batch is of many orders."""
        current = current_trace()
        trace = current.child() if int(current.trace_id, 16) else new_trace()
        shown = {} if self._tokens is None else {"authorization": f"Bearer {self._tokens.token()}"}
        return {"content-type": "application/json", "traceparent": trace.traceparent} | shown


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError(f"it is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Return Retry-After where it is a number of seconds; a date is by a clock that is not ours."""
    told = response.headers.get("retry-after", "")
    return min(float(told), RETRY_AFTER_S_MAX) if told.isascii() and told.isdigit() else None
