"""Who may ask the control API: everything that a browser can be talked into sending is turned away."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trivet_lab.control.problems import (
    Forbidden,
    InvalidRequest,
    NotJson,
    PayloadTooLarge,
    Problem,
    Unauthenticated,
    answer,
)

BODY_BYTES_MAX = 16 * 1024


class Gate:
    """Stands before the API, which kills processes, and lets pass who read the token from platform.json.

    Other users of the machine reach the port but not the token, whose file is this user's alone (0600). A web page in
    this user's browser reaches the port too: it cannot know the token; through a name of its own that leads to
    127.0.0.1 (DNS rebinding) it sends another Host, from its own name it sends an Origin, and a form, the one thing
    that it may post unasked, is not JSON. There are no cookies and no CORS, so no page can speak for somebody else. All
    of this is decided before the body is read.
    """

    def __init__(self, app: ASGIApp, address: str, token: str) -> None:
        """Guard ``app``, which is served at ``address`` (host:port)."""
        self._app = app
        self._host = address.encode()
        self._origin = b"http://" + self._host
        self._authorization = b"Bearer " + token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let pass with a body that is whole and small."""
        if scope["type"] != "http":
            return
        try:
            self._check(scope)
            body = await _read(scope, receive)
        except Problem as problem:
            response = answer(problem)
            response.headers["connection"] = "close"  # what was not read of the body is nobody's next request
            await response(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _check(self, scope: Scope) -> None:
        if _values(scope, b"host") != [self._host]:
            raise Forbidden(f"the control API answers only to the Host {self._host.decode()}")
        if any(origin != self._origin for origin in _values(scope, b"origin")):
            raise Forbidden("a page of another origin has no business here")
        given = _values(scope, b"authorization")
        # Not ==, whose time tells how many of the first characters were right.
        if len(given) != 1 or not hmac.compare_digest(given[0], self._authorization):
            raise Unauthenticated("send Authorization: Bearer and the token that stands in platform.json")
        if scope["method"] == "POST":
            kinds = [value.partition(b";")[0].strip().lower() for value in _values(scope, b"content-type")]
            if kinds != [b"application/json"]:
                raise NotJson("send content-type: application/json")


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


async def _read(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body.

    Raises:
        PayloadTooLarge: it is, or says that it is.
        InvalidRequest: it ended early.
    """
    for length in _values(scope, b"content-length"):
        if int(length) > BODY_BYTES_MAX:
            raise PayloadTooLarge(f"a body has at most {BODY_BYTES_MAX:,} bytes")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the body ended early")
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise PayloadTooLarge(f"a body has at most {BODY_BYTES_MAX:,} bytes")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body once, then passes through."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
