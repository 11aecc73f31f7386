"""Keys are kept through an outage, renewed when they rotate, and asked for by one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from minting import EC, ED, key_set

from trivet_chassis import Unavailable
from trivet_chassis.tokens import Publisher
from trivet_chassis.tokens.fetching import DEADLINE_S
from trivet_chassis.tokens.freshness import APART_S, EVERY_S, KEPT_S, WINDOW_S

T = TypeVar("T")


class Source:
    """What an issuer publishes, or why it does not."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.now_s = 1000.0
        self.gate: asyncio.Event | None = None
        self.publisher = Publisher(self.fetch, clock=lambda: self.now_s, jitter=lambda: 0.0)

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_a_key_is_asked_for_when_it_is_needed_first() -> None:
    source = Source(key_set(ED))

    async def both() -> None:
        assert await source.publisher.blocker() == "was not asked for its keys yet"
        assert await source.publisher.find("ed") is not None
        assert await source.publisher.find("ed") is not None
        assert source.asked == 1
        assert await source.publisher.blocker() is None
        assert await source.publisher.concern() is None

    run(both())


def test_a_key_that_is_new_is_found_and_one_that_is_unknown_is_asked_for_rarely() -> None:
    source = Source(key_set(ED), key_set(ED, EC))

    async def rotate() -> None:
        assert await source.publisher.find("ed") is not None
        assert await source.publisher.find("ec") is None, "too soon after the last question"
        assert source.asked == 1
        source.now_s += APART_S
        assert await source.publisher.find("ec") is not None
        for _ in range(100):
            assert await source.publisher.find("no such key") is None
        assert source.asked == 2

    run(rotate())


def test_a_mapping_is_another_once_the_keys_are_others_and_only_then() -> None:
    source = Source(key_set(ED), key_set(ED), key_set(EC))

    async def thrice() -> None:
        await source.publisher.find("ed")
        first = source.publisher.known
        source.now_s += APART_S
        await source.publisher.find("unknown")
        assert source.publisher.known is first
        source.now_s += APART_S
        await source.publisher.find("unknown")
        assert source.asked == 3
        assert source.publisher.known is not first
        assert list(source.publisher.known) == ["ec"]

    run(thrice())


@pytest.mark.parametrize("failure", [OSError("refused"), TimeoutError("too late"), b"<html>"], ids=str)
def test_an_outage_keeps_the_keys_that_are_known_for_a_day_and_says_so(failure: bytes | Exception) -> None:
    source = Source(key_set(ED), failure)

    async def outage() -> None:
        assert await source.publisher.find("ed") is not None
        source.now_s += APART_S
        with pytest.raises(Unavailable) as refused:
            await source.publisher.find("unknown")
        assert refused.value.definite
        assert await source.publisher.find("ed") is not None
        concern = await source.publisher.concern()
        assert concern is not None
        assert concern.endswith("; the keys that are known stay in use")
        assert await source.publisher.blocker() is None
        source.now_s += KEPT_S
        assert (await source.publisher.blocker() or "").startswith("does not publish its keys: ")
        assert await source.publisher.concern() is None
        with pytest.raises(Unavailable):
            await source.publisher.find("ed")

    run(outage())


def test_an_issuer_without_keys_has_taken_all_of_them_back() -> None:
    source = Source(key_set(ED), b'{"keys":[]}')

    async def revoke() -> None:
        await source.publisher.find("ed")
        source.now_s += APART_S
        assert await source.publisher.find("unknown") is None
        assert await source.publisher.find("ed") is None

    run(revoke())


def test_many_who_need_a_key_ask_together_and_one_who_leaves_takes_nobody_along() -> None:
    source = Source(key_set(ED))

    async def crowd() -> None:
        source.gate = asyncio.Event()
        waiting = [asyncio.create_task(source.publisher.find("ed")) for _ in range(100)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        source.gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert all(getattr(key, "kid", None) == "ed" for key in found[1:])
        assert source.asked == 1

    run(crowd())


def test_in_the_background_it_is_asked_when_that_is_due() -> None:
    source = Source(key_set(ED), OSError("refused"), OSError("refused"), key_set(EC))
    slept: list[float] = []

    async def watch(monkeypatch: pytest.MonkeyPatch) -> None:
        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            source.now_s += seconds
            if len(slept) == 4:
                raise asyncio.CancelledError

        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await source.publisher.keep_fresh()

    with pytest.MonkeyPatch.context() as monkeypatch:
        run(watch(monkeypatch))
    assert slept == [EVERY_S, 1, 2, EVERY_S]
    assert source.asked == 4


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_it_is_asked_again_within_the_window_however_long_two_answers_take(jitter: float) -> None:
    source = Source(key_set(ED))
    source.publisher = Publisher(source.fetch, clock=lambda: source.now_s, jitter=lambda: jitter)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        source.now_s += seconds
        if len(slept) == 3:
            raise asyncio.CancelledError

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            run(source.publisher.keep_fresh())
    assert source.asked == 3, "once for each sleep"
    assert all(0 < seconds + 2 * DEADLINE_S <= WINDOW_S for seconds in slept)
