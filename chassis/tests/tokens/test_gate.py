"""A service lets in who its settings say, and is never open to another machine by an omission."""

from __future__ import annotations

import dataclasses

import pytest

from trivet_chassis import (
    Forbidden,
    Principal,
    SettingsError,
    TokenSettings,
    ensure_granted,
    gate_of,
    required_scope,
    requires,
)
from trivet_chassis.tokens import Anybody, OpenGate, TokenGate

OWN = TokenSettings(jwks_url="https://issuer.test/keys", token_issuer="https://issuer.test")


def refused(settings: TokenSettings, listen: str = "127.0.0.1:8000") -> list[str]:
    with pytest.raises(SettingsError) as error:
        gate_of(settings, "shop", listen)
    return error.value.faults


@pytest.mark.parametrize("listen", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.8.9.1:8000"])
def test_without_an_issuer_only_this_machine_is_listened_to(listen: str) -> None:
    assert isinstance(gate_of(TokenSettings(), "shop", listen), OpenGate)


@pytest.mark.parametrize("listen", ["0.0.0.0:8000", "[::]:8000", "10.0.0.1:8000", "shop.internal:8000", "*:8000"])
def test_without_an_issuer_nobody_else_is_served(listen: str) -> None:
    assert refused(TokenSettings(), listen) == [
        "TRIVET_SHOP_JWKS_URL is not set: without it everybody may do everything, so only loopback is served"
    ]
    assert isinstance(gate_of(OWN, "shop", listen), TokenGate)


def test_keys_that_somebody_on_the_way_could_change_are_refused() -> None:
    overheard = dataclasses.replace(OWN, jwks_url="http://issuer.test/keys", token_issuer=None)
    assert refused(overheard) == [
        "TRIVET_SHOP_JWKS_URL must begin with https://, or name this machine",
        "TRIVET_SHOP_TOKEN_ISSUER is not set: it is needed with TRIVET_SHOP_JWKS_URL",
    ]


def test_an_operation_says_who_may() -> None:
    assert required_scope(requires("items.buy") | {"summary": "Buy"}) == "items.buy"


@pytest.mark.parametrize(
    "security", [None, [], [{}], [{"accessToken": []}], [{"accessToken": ["a", "b"]}], [{}, {"accessToken": ["a"]}]]
)
def test_an_operation_that_does_not_is_one_that_nobody_may_do(security: object) -> None:
    with pytest.raises(ValueError, match="nobody may do"):
        required_scope({"security": security})


@pytest.mark.parametrize("scopes", [set(), {"items"}, {"items.buy.all"}, {"items.BUY"}, {"*"}, {"items.*"}, {""}])
def test_scopes_are_compared_whole(scopes: set[str]) -> None:
    with pytest.raises(Forbidden) as error:
        ensure_granted(Principal("alice", frozenset(scopes)), "items.buy")
    assert error.value.headers == {"www-authenticate": 'Bearer error="insufficient_scope", scope="items.buy"'}


def test_who_was_granted_it_may() -> None:
    ensure_granted(Principal("alice", frozenset({"items.buy"})), "items.buy")
    ensure_granted(Anybody(), "items.buy")
