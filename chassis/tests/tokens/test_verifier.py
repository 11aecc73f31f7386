"""A token is taken if its issuer signed it for this service and it is valid now, and in no other case."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from minting import AUDIENCE, CLAIMS, EC, ED, ISSUER, NOW_S, STRANGER, encoded, key_set, mint, sign

from trivet_chassis import Unauthenticated
from trivet_chassis.tokens import Issuer, KnownTokens, Principal, Verifier, VerifyingKey, read_key_set

ALICE = Principal("alice", frozenset({"items.buy", "accounts.read"}))
HEADER = {"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"}
PUBLIC = key_set(ED, EC)
PAYLOAD = json.dumps(CLAIMS).encode()


class Published:
    """An issuer that always answers."""

    def __init__(self, document: bytes = PUBLIC) -> None:
        self.known: Mapping[str, VerifyingKey] = MappingProxyType(dict(read_key_set(document)))
        self.asked: list[str] = []

    async def find(self, kid: str) -> VerifyingKey | None:
        self.asked.append(kid)
        return self.known.get(kid)


class Clock:
    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def __call__(self) -> float:
        return self.now_s


def verifier(published: Published | None = None, now: Clock | None = None, **more: Any) -> Verifier:
    return Verifier(Issuer(ISSUER, AUDIENCE, leeway_s=5), published or Published(), now=now or Clock(), **more)


def verify(token: bytes, by: Verifier | None = None) -> Principal:
    return asyncio.run((by or verifier()).verify(token))


@pytest.mark.parametrize(("key", "algorithm"), [(ED, "EdDSA"), (ED, "Ed25519"), (EC, "ES256")])
def test_a_token_says_who_asks_and_what_they_may(key: Any, algorithm: str) -> None:
    assert verify(mint(key=key, header={"alg": algorithm})) == ALICE


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["another", AUDIENCE]},
        {"exp": NOW_S - 4},
        {"nbf": NOW_S + 5},
        {"exp": NOW_S + 0.5},
        {"jti": "1", "client_id": "shop", "roles": ["x"]},
    ],
    ids=["one audience of two", "expired within the leeway", "soon", "fractions", "claims that nobody asked for"],
)
def test_what_the_rfcs_allow_is_taken(changed: dict[str, Any]) -> None:
    assert verify(mint(changed)) == ALICE


def test_without_scopes_nothing_may_be_done() -> None:
    assert verify(mint({"scope": None})) == Principal("alice")


def hmac_with_the_public_key() -> bytes:
    signed = encoded(json.dumps(HEADER | {"alg": "HS256"}).encode()) + b"." + encoded(PAYLOAD)
    return signed + b"." + encoded(hmac.digest(ED.as_pem(private=False), signed, "sha256"))


def truncated(at: int) -> bytes:
    return mint()[:at]


def with_a_byte_changed(segment: int) -> bytes:
    parts = mint().split(b".")
    parts[segment] = (b"A" if parts[segment][4:5] != b"A" else b"B").join([parts[segment][:4], parts[segment][5:]])
    return b".".join(parts)


FORGED = {
    "none": sign(HEADER | {"alg": "none"}, PAYLOAD, ED),
    "none, with the signature of another": sign(HEADER | {"alg": "none"}, PAYLOAD, ED) + mint().split(b".")[2],
    "None": sign(HEADER | {"alg": "None"}, PAYLOAD, ED),
    "an HMAC with the public key": hmac_with_the_public_key(),
    "the other key's algorithm": mint(key=EC, header={"kid": "ed"}),
    "the other key's name": mint(header={"kid": "ec"}),
    "the other algorithm's name": mint(header={"alg": "ES256"}),
    "an algorithm of the same family": mint(header={"alg": "Ed448"}),
    "signed by a stranger": mint(key=STRANGER),
    "a key that brings itself along": mint(key=STRANGER, header={"jwk": STRANGER.as_dict(private=False)}),
    "a key from elsewhere": mint(key=STRANGER, header={"jku": "https://evil.test/keys"}),
    "a certificate from elsewhere": mint(header={"x5u": "https://evil.test/keys"}),
    "an extension": mint(header={"crit": ["exp"], "exp": 1}),
    "unencoded": mint(header={"b64": False, "crit": ["b64"]}),
    "nested": sign(HEADER | {"cty": "JWT"}, mint(), ED),
    "nested, unsaid": sign(HEADER, mint(), ED),
    "no kid": mint(header={"kid": None}),
    "a kid that is a number": mint(header={"kid": 1}),
    "a kid that is a path": mint(header={"kid": "../../dev/null"}),
    "a kid that is SQL": mint(header={"kid": "x' UNION SELECT 'ed'--"}),
    "a kid that is unknown": mint(header={"kid": "unknown"}),
    "an ID token": mint(header={"typ": "JWT"}),
    "no type": mint(header={"typ": None}),
    "another issuer's": mint({"iss": "https://evil.test"}),
    "an issuer with a slash": mint({"iss": ISSUER + "/"}),
    "nobody's": mint({"iss": None}),
    "a list of issuers": mint({"iss": [ISSUER]}),
    "for another audience": mint({"aud": "another"}),
    "for a part of the audience": mint({"aud": [AUDIENCE[:-1]]}),
    "for nobody": mint({"aud": None}),
    "for an object": mint({"aud": {AUDIENCE: True}}),
    "expired": mint({"exp": NOW_S - 5}),
    "never expiring": mint({"exp": None}),
    "expiring at a text": mint({"exp": str(NOW_S + 300)}),
    "expiring at true": mint({"exp": True}),
    "expiring never by NaN": sign(HEADER, json.dumps(CLAIMS | {"exp": float("nan")}).encode(), ED),
    "expiring never by infinity": sign(HEADER, json.dumps(CLAIMS | {"exp": float("inf")}).encode(), ED),
    "expiring after all time": mint({"exp": 10**400}),
    "not yet": mint({"nbf": NOW_S + 6}),
    "not before a text": mint({"nbf": "now"}),
    "no subject": mint({"sub": None}),
    "an empty subject": mint({"sub": ""}),
    "a subject that is a number": mint({"sub": 7}),
    "a subject of control characters": mint({"sub": "alice\x00"}),
    "a subject that is too long": mint({"sub": "a" * 129}),
    "a subject that everybody is without tokens": mint({"sub": "anonymous"}),
    "a subject of the staff's pages": mint({"sub": "staff:alice"}),
    "scopes in a list": mint({"scope": ["items.buy"]}),
    "too many scopes": mint({"scope": " ".join(map(str, range(65)))}),
    "claims that are a list": sign(HEADER, b"[]", ED),
    "claims that are no JSON": sign(HEADER, b"{", ED),
    "claims that are not UTF-8": sign(HEADER, b'{"iss":"\xff"}', ED),
    "claims of a great depth": sign(HEADER, b'{"a":' * 1500 + b"1" + b"}" * 1500, ED),
    "a header that is a list": encoded(b"[1]") + mint()[mint().index(b".") :],
    "a header that is no JSON": encoded(b"{") + mint()[mint().index(b".") :],
    "a header twice": encoded(b'{"alg":"none","alg":"EdDSA","kid":"ed","typ":"at+jwt"}') + mint()[mint().index(b".") :],
    "too large": mint({"pad": "x" * 8192}),
    "a header that is too large": mint(header={"kid": "k" * 600}),
    "cut in its signature": truncated(-1),
    "cut after its claims": mint().rpartition(b".")[0],
    "without a signature": mint().rpartition(b".")[0] + b".",
    "a byte of the header changed": with_a_byte_changed(0),
    "a byte of the claims changed": with_a_byte_changed(1),
    "a byte of the signature changed": with_a_byte_changed(2),
    "other claims under a signature": b".".join([mint().split(b".")[0], encoded(b"{}"), mint().split(b".")[2]]),
    "padded": mint() + b"=",
    "of another alphabet": mint() + b"+/",
    "five parts": mint() + b".a.b",
    "nothing": b"",
    "dots": b"..",
    "a newline at its end": mint() + b"\n",
}


@pytest.mark.parametrize("name", FORGED)
def test_no_other_token_is_taken(name: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        verify(FORGED[name])
    assert refused.value.headers == {"www-authenticate": 'Bearer error="invalid_token"'}


def test_nothing_of_a_token_is_in_its_refusal() -> None:
    for token in FORGED.values():
        with pytest.raises(Unauthenticated) as refused:
            verify(token)
        for part in token.split(b"."):
            assert len(part) < 5 or part.decode("latin-1") not in refused.value.detail


@given(some.binary(max_size=300) | some.text(alphabet="eyJ.{}\"'-_A1", max_size=300).map(str.encode))
def test_whatever_it_is_it_is_refused_and_breaks_nothing(token: bytes) -> None:
    with pytest.raises(Unauthenticated):
        verify(token)


@given(at=some.integers(0, len(mint()) - 1), byte=some.integers(0, 255))
def test_no_byte_of_a_token_may_be_another(at: int, byte: int) -> None:
    token = mint()
    changed = token[:at] + bytes([byte]) + token[at + 1 :]
    try:
        principal = verify(changed)
    except Unauthenticated:
        return
    # The last character of a segment has bits that mean nothing: it is another text of the same signature.
    assert principal == ALICE
    assert changed == token or at == len(token) - 1


def test_an_id_token_is_taken_only_where_that_was_asked_for() -> None:
    assert verify(mint(header={"typ": "JWT"}), verifier(types=frozenset({"jwt"}))) == ALICE


def test_a_token_is_verified_once_and_its_times_each_time() -> None:
    published, now = Published(), Clock()
    by, token = verifier(published, now), mint()
    assert by.remembered(token) is None
    assert verify(token, by) == verify(token, by) == by.remembered(token) == ALICE
    assert published.asked == ["ed"]
    now.now_s = CLAIMS["exp"] + 5
    with pytest.raises(Unauthenticated, match="has expired"):
        by.remembered(token)
    with pytest.raises(Unauthenticated, match="has expired"):
        verify(token, by)


def test_a_clock_that_is_set_back_makes_no_token_valid_early() -> None:
    now = Clock()
    by, token = verifier(now=now), mint({"nbf": NOW_S})
    verify(token, by)
    now.now_s -= 60
    with pytest.raises(Unauthenticated, match="not valid yet"):
        by.remembered(token)


def test_a_key_that_was_taken_back_ends_the_tokens_that_are_remembered() -> None:
    published = Published()
    by, token = verifier(published), mint()
    verify(token, by)
    published.known = read_key_set(key_set(EC))
    assert by.remembered(token) is None
    with pytest.raises(Unauthenticated):
        verify(token, by)


def test_keys_that_change_while_a_token_is_verified_leave_nothing_remembered() -> None:
    class Changing(Published):
        async def find(self, kid: str) -> VerifyingKey | None:
            found = await super().find(kid)
            self.known = read_key_set(key_set(EC))
            return found

    by, token = verifier(Changing()), mint()
    verify(token, by)
    assert by.remembered(token) is None
    assert by.remembered(token) is None


def test_a_forged_token_puts_nobody_out() -> None:
    by = verifier(known=KnownTokens(tokens_max=2))
    kept = [mint({"jti": str(number)}) for number in range(2)]
    for token in kept:
        verify(token, by)
    for forged in FORGED.values():
        with pytest.raises(Unauthenticated):
            verify(forged, by)
    assert [by.remembered(token) for token in kept] == [ALICE, ALICE]
    verify(mint({"jti": "3"}), by)
    assert [by.remembered(token) for token in kept] == [None, ALICE]
