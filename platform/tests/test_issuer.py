"""An issuer publishes its keys and signs what its lab asks for, and nothing for anybody else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from trivet_platform import Issuer, IssuerFailed, Supervisor


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer()
    supervisor.start(part)
    yield part
    part.stop()


def published(issuer: Issuer) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = httpx.get(issuer.jwks_url).json()["keys"]
    return keys


def read(issuer: Issuer, token: str) -> jwt.Token:
    return jwt.decode(token, KeySet.import_key_set({"keys": published(issuer)}), ["EdDSA", "ES256"])


def test_who_looks_for_it_finds_its_keys(issuer: Issuer) -> None:
    for place in ("openid-configuration", "oauth-authorization-server"):
        found = httpx.get(f"{issuer.url}/.well-known/{place}").json()
        assert (found["issuer"], found["jwks_uri"], found["token_endpoint"]) == (
            issuer.url,
            issuer.jwks_url,
            f"{issuer.url}/token",
        )
    assert all(key.keys() >= {"kty", "kid", "use", "alg"} and "d" not in key for key in published(issuer))


def test_a_token_says_what_was_asked_for(issuer: Issuer) -> None:
    token = read(issuer, issuer.token("alice", "items.buy accounts.read", lifetime_s=60))
    assert token.header["typ"] == "at+jwt"
    claims = token.claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (issuer.url, "trivet", "alice")
    assert (claims["scope"], claims["exp"] - claims["iat"]) == ("items.buy accounts.read", 60)
    assert read(issuer, issuer.token("alice", audience="another")).claims["aud"] == "another"


def test_a_crowd_gets_a_token_each(issuer: Issuer) -> None:
    names = [f"customer-{number}" for number in range(501)]
    tokens = issuer.tokens(names, "items.buy")
    assert len(set(tokens)) == len(names)
    assert [read(issuer, tokens[place]).claims["sub"] for place in (0, 499, 500)] == [names[0], names[499], names[500]]


def test_keys_rotate_while_it_runs_and_go_when_they_are_taken_back(issuer: Issuer) -> None:
    old = issuer.token("alice")
    kid = issuer.rotate("ES256")
    new = issuer.token("alice")
    assert (read(issuer, old).claims["sub"], read(issuer, new).header["kid"]) == ("alice", kid)
    assert read(issuer, new).header["alg"] == "ES256"
    issuer.retire()
    assert [key["kid"] for key in published(issuer)] == [kid]
    issuer.rotate()


@pytest.mark.parametrize("verb", ["token", "rotate", "retire"])
@pytest.mark.parametrize("given", [None, "Basic", "Basic !", "Basic bGFiOg==", "Basic bGFiOndyb25n", "Bearer bGFiOg=="])
def test_nobody_else_is_given_anything(issuer: Issuer, verb: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given}
    words = {"grant_type": "client_credentials", "subject": "alice"}
    refused = httpx.post(f"{issuer.url}/{verb}", data=words, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        ({"subject": "a", "lifetime_s": "0"}, "invalid_request"),
        ({"subject": "a", "lifetime_s": "604801"}, "invalid_request"),
        ({"subject": "a", "lifetime_s": "²"}, "invalid_request"),
        ({"subject": ["a"] * 501}, "invalid_request"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(issuer: Issuer, words: dict[str, Any], error: str) -> None:
    basic = base64.b64encode(f"lab:{issuer.endpoints['secret']}".encode()).decode()
    asked = {"grant_type": "client_credentials"} | words
    refused = httpx.post(f"{issuer.url}/token", data=asked, headers={"authorization": f"Basic {basic}"})
    assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_an_unknown_algorithm_is_refused(issuer: Issuer) -> None:
    with pytest.raises(IssuerFailed, match="alg must be one of ES256, EdDSA"):
        issuer.rotate("HS256")


def test_its_secret_is_in_its_environment_alone(issuer: Issuer) -> None:
    [pid] = issuer.pids
    assert issuer.endpoints["secret"] not in Path(f"/proc/{pid}/cmdline").read_text()
    assert re.fullmatch(r"[\w-]{43}", issuer.endpoints["secret"])


def test_one_that_is_gone_gives_nothing(supervisor: Supervisor) -> None:
    part = Issuer("mortal-issuer")
    supervisor.start(part)
    part.kill()
    with pytest.raises(IssuerFailed):
        part.token("alice")
