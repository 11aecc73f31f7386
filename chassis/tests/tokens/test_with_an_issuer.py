"""The verifier beside a real issuer, whose keys rotate, are taken back, and which dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from trivet_chassis import Unauthenticated, Unavailable
from trivet_chassis.tokens import Issuer, Principal, Publisher, Verifier, fetch_document
from trivet_chassis.tokens.freshness import APART_S
from trivet_platform import Issuer as IssuerPart
from trivet_platform import Supervisor


@pytest.fixture
def part(supervisor: Supervisor) -> Iterator[IssuerPart]:
    started = IssuerPart()
    supervisor.start(started)
    yield started
    started.kill()


class Service:
    """What a service keeps of tokens, on a clock that goes when it is told to."""

    def __init__(self, part: IssuerPart, audience: str = "trivet") -> None:
        self.now_s = 0.0
        clock: Callable[[], float] = lambda: self.now_s  # noqa: E731  - read anew each time
        self.publisher = Publisher(partial(fetch_document, part.jwks_url), clock=clock)
        self.verifier = Verifier(Issuer(part.url, audience), self.publisher)

    async def who(self, token: str) -> Principal:
        return await self.verifier.verify(token.encode())


def test_tokens_of_each_key_are_taken_until_it_is_taken_back(part: IssuerPart) -> None:
    async def rotate() -> None:
        service = Service(part)
        old = part.token("alice", "items.buy")
        assert await service.who(old) == Principal("alice", frozenset({"items.buy"}))
        part.rotate("ES256")
        new = part.token("bob")
        service.now_s += APART_S
        assert (await service.who(new)).subject == "bob"
        assert (await service.who(old)).subject == "alice"
        part.retire()
        assert (await service.who(old)).subject == "alice", "nobody has heard of it yet"
        part.rotate()
        service.now_s += APART_S
        assert (await service.who(part.token("carol"))).subject == "carol"
        with pytest.raises(Unauthenticated):
            await service.who(old)

    asyncio.run(rotate())


def test_an_issuer_that_dies_takes_nobody_along_who_is_known(part: IssuerPart) -> None:
    async def outlive() -> None:
        service = Service(part)
        first, second = part.token("alice"), part.token("bob")
        await service.who(first)
        part.kill()
        service.now_s += APART_S
        assert (await service.who(first)).subject == "alice"
        assert (await service.who(second)).subject == "bob"
        assert await service.publisher.blocker() is None

    asyncio.run(outlive())


def test_who_starts_without_an_issuer_serves_nobody_and_calls_nobody_forged(part: IssuerPart) -> None:
    async def without() -> None:
        service = Service(part)
        token = part.token("alice")
        part.kill()
        with pytest.raises(Unavailable) as refused:
            await service.who(token)
        assert refused.value.definite
        assert await service.publisher.blocker() is not None

    asyncio.run(without())


def test_a_token_for_another_service_is_refused(part: IssuerPart) -> None:
    with pytest.raises(Unauthenticated, match="another audience"):
        asyncio.run(Service(part, "another").who(part.token("alice")))
