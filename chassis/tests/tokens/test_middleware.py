"""Nobody comes in without a token, and nothing of a request is read before it is known whose it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from minting import AUDIENCE, ED, ISSUER, NOW_S, key_set, mint
from starlette.types import Receive, Scope, Send

from trivet_chassis import Unavailable
from trivet_chassis.tokens import Issuer, TokenMiddleware, Verifier, VerifyingKey, current_principal, read_key_set


class Published:
    known: Mapping[str, VerifyingKey] = read_key_set(key_set(ED))
    is_out = False

    async def find(self, kid: str) -> VerifyingKey | None:
        if self.is_out:
            raise Unavailable("the issuer is away", definite=True)
        return self.known.get(kid)


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with who asks."""
    del receive
    try:
        told = current_principal().subject
    except LookupError:
        told = "everybody"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{told} at {scope['path']}".encode()})


def ask(*headers: tuple[str, bytes], path: str = "/", is_out: bool = False) -> httpx.Response:
    published = Published()
    published.is_out = is_out
    verifier = Verifier(Issuer(ISSUER, AUDIENCE), published, now=lambda: NOW_S)
    transport = httpx.ASGITransport(TokenMiddleware(who, verifier, {"/livez"}))

    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.post(path, headers=[(name.encode(), value) for name, value in headers])

    return asyncio.run(once())


def bearer(token: bytes) -> tuple[str, bytes]:
    return "authorization", b"Bearer " + token


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_a_token_says_who_asks(scheme: bytes) -> None:
    assert ask(("authorization", scheme + mint())).text == "alice at /"


def test_where_everybody_may_ask_nobody_is_looked_at() -> None:
    assert ask(path="/livez").text == "everybody at /livez"
    assert ask(bearer(b"forged"), path="/livez").text == "everybody at /livez"


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ([], "Bearer"),
        ([("authorization", b"Basic YWxpY2U6")], "Bearer"),
        ([("authorization", b"Bearer")], "Bearer"),
        ([("authorization", b"Bearer  ")], "Bearer"),
        ([("authorization", mint())], "Bearer"),
        ([bearer(mint()), bearer(mint())], 'Bearer error="invalid_token"'),
        ([bearer(mint()[:-9])], 'Bearer error="invalid_token"'),
        ([bearer(mint() + b", Bearer " + mint())], 'Bearer error="invalid_token"'),
        ([("x-authorization", b"Bearer " + mint())], "Bearer"),
        ([("cookie", b"access_token=" + mint())], "Bearer"),
    ],
)
def test_whoever_has_none_is_refused_and_challenged(headers: list[tuple[str, bytes]], challenge: str) -> None:
    refused = ask(*headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"] == challenge
    assert refused.headers["connection"] == "close"


def test_a_token_in_the_address_is_none() -> None:
    assert ask(path=f"/?access_token={mint().decode()}").status_code == 401


@pytest.mark.parametrize("path", ["/livez/", "//livez", "/livez/x", "/LIVEZ", "/nowhere"])
def test_what_only_looks_open_is_closed(path: str) -> None:
    assert ask(path=path).status_code == 401


def test_while_nobody_can_say_it_is_not_called_forged() -> None:
    refused = ask(bearer(mint()), is_out=True)
    assert (refused.status_code, refused.json()["definite"], refused.json()["retryable"]) == (503, True, True)
    assert "www-authenticate" not in refused.headers


def test_who_asked_before_is_nobody_to_the_next() -> None:
    assert ask(bearer(mint())).text == "alice at /"
    with pytest.raises(LookupError):
        current_principal()
