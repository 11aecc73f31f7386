"""What is forged says something else than what it was made of, and the services' own verifier takes none of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from minting import AUDIENCE, ED, ISSUER, NOW_S, key_set, mint

from trivet_chassis import Unauthenticated
from trivet_chassis.tokens import Issuer, Publisher, Verifier, VerifyingKey, fetch_document, read_key_set
from trivet_lab.load import CUSTOMER_SCOPES, FORGERIES, MALLORY, STOLEN
from trivet_platform import Issuer as IssuerPart
from trivet_platform import Supervisor

_KINDS = ("unsigned", "another's name", "more scopes", "nonsense")
OWN = mint({"sub": MALLORY, "scope": CUSTOMER_SCOPES}).decode()


class Published:
    known: Mapping[str, VerifyingKey] = read_key_set(key_set(ED))

    async def find(self, kid: str) -> VerifyingKey | None:
        return self.known.get(kid)


VERIFIER = Verifier(Issuer(ISSUER, AUDIENCE), Published(), now=lambda: NOW_S)


def told(token: str, part: int) -> dict[str, Any]:
    segment = token.split(".")[part]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


def test_a_forgery_changes_one_thing_of_its_makers_own_token() -> None:
    header, claims = told(OWN, 0), told(OWN, 1)
    unsigned, renamed, granted, nonsense = (FORGERIES[f"forged: {kind}"](OWN, "alice") for kind in _KINDS)
    assert (told(unsigned, 0), told(unsigned, 1)) == (header | {"alg": "none"}, claims | {"sub": "alice"})
    assert unsigned.endswith("."), "no signature at all"
    assert (told(renamed, 0), told(renamed, 1)) == (header, claims | {"sub": "alice"})
    assert told(granted, 1) == claims | {"scope": f"{CUSTOMER_SCOPES} accounts.any"}
    assert renamed.split(".")[2] == granted.split(".")[2] == OWN.split(".")[2], "the signature of what was signed"
    assert nonsense == "alice"
    assert len(FORGERIES) == len(_KINDS)


@pytest.mark.parametrize("kind", FORGERIES)
@given(victim=some.text(min_size=1, max_size=40).filter(lambda victim: victim != MALLORY))
def test_no_forgery_is_taken_whoever_it_is_to_be(kind: str, victim: str) -> None:
    assert asyncio.run(VERIFIER.verify(OWN.encode())).subject == MALLORY, "what it is made of is"
    with pytest.raises(Unauthenticated):
        asyncio.run(VERIFIER.verify(FORGERIES[kind](OWN, victim).encode()))


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[IssuerPart]:
    part = IssuerPart("forging-issuer")
    supervisor.start(part)
    yield part
    part.kill()


REASON = {"stolen: for another service": "for another audience", "stolen: expired": "expired"}


def test_what_is_stolen_is_genuine_and_good_for_nothing_here(issuer: IssuerPart) -> None:
    """Each is refused for the reason that its name says, and so not for a form that an issuer would never give it."""
    assert REASON.keys() == STOLEN.keys()

    async def show() -> None:
        verifier = Verifier(Issuer(issuer.url, AUDIENCE), Publisher(partial(fetch_document, issuer.jwks_url)))
        good = await verifier.verify(issuer.token("alice", CUSTOMER_SCOPES).encode())
        assert (good.subject, good.scopes) == ("alice", frozenset(CUSTOMER_SCOPES.split()))
        for kind, how in STOLEN.items():
            stolen = issuer.token("alice", CUSTOMER_SCOPES, **how)
            assert told(stolen, 1)["sub"] == "alice"
            with pytest.raises(Unauthenticated, match=REASON[kind]):
                await verifier.verify(stolen.encode())

    asyncio.run(show())
