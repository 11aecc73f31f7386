"""A request that is refused whole is halved: the poison is found, and its neighbours have their answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import pytest
from asked_participants import (
    Counter,
    Entry,
    all_done,
    answer_to,
    batch,
    charge,
    circuit,
    hold_stock,
    silent,
    stock_over,
    wallet_over,
    whole,
)
from hypothesis import given
from hypothesis import strategies as st

from trivet_order.adapters.http.bisecting import RefusedWhole, in_halves
from trivet_order.adapters.http.client import Response
from trivet_order.application.saga import Captured, Held, NoAnswer, Rejected

REFUSED = RefusedWhole(NoAnswer("refused"))


async def halved(count: int, poisoned: set[int]) -> tuple[list[bool], int]:
    """Return which of so many were answered, and how many requests that took."""
    requests = 0

    async def ask(some: Sequence[int]) -> list[int]:
        nonlocal requests
        requests += 1
        if poisoned & set(some):
            raise REFUSED
        return [each * 2 for each in some]

    told = await in_halves(ask, range(count))
    assert [each for each in told if each is not REFUSED] == [each * 2 for each in range(count) if each not in poisoned]
    return [each is not REFUSED for each in told], requests


@given(count=st.integers(1, 200), poisoned=st.sets(st.integers(0, 199), max_size=6))
def test_what_is_poisoned_is_told_apart(count: int, poisoned: set[int]) -> None:
    answered, requests = asyncio.run(halved(count, poisoned))
    within = {each for each in poisoned if each < count}
    assert answered == [each not in within for each in range(count)]
    assert requests <= 1 + 2 * len(within) * math.ceil(math.log2(count))


async def test_no_poison_costs_no_request() -> None:
    assert (await halved(200, set()))[1] == 1


@pytest.mark.parametrize("place", [0, 77, 199])
async def test_one_poison_among_two_hundred_costs_sixteen_requests_more(place: int) -> None:
    assert (await halved(200, {place}))[1] <= 17


def poisoned(order_id: UUID, code: str) -> Callable[[Sequence[Entry]], Response]:
    """Refuse every request that has an entry of this order."""

    def answers(entries: Sequence[Entry]) -> Response:
        has_it = any(str(order_id) in (entry.get("id") or entry["key"]) for entry in entries)
        return whole(code) if has_it else all_done(entries)

    return answers


@pytest.mark.parametrize("code", ["invalid-request", "payload-too-large", "idempotency-key-reuse"])
async def test_one_order_that_nobody_can_read_is_rejected_alone(code: str) -> None:
    orders = [uuid4() for _ in range(100)]
    counter = Counter(poisoned(orders[42], code))
    replies = await wallet_over(counter).send([charge(each) for each in orders])
    assert [type(each) for each in replies] == [Captured] * 42 + [Rejected] + [Captured] * 57
    assert len(counter.requests) <= 1 + 2 * math.ceil(math.log2(100))
    sent = [entry["key"] for request in counter.requests for entry in request]
    assert sent.count(f"{orders[42]}:charge") == 1 + math.ceil(math.log2(100))


async def test_a_hold_is_never_halved_from_its_pin() -> None:
    orders = [uuid4() for _ in range(40)]
    counter = Counter(poisoned(orders[7], "invalid-request"))
    replies = await stock_over(counter).send([hold_stock(each) for each in orders])
    assert [type(each) for each in replies] == [Held] * 7 + [Rejected] + [Held] * 32
    for request in counter.requests:
        assert [entry["op"] for entry in request] == ["hold", "pin"] * (len(request) // 2)


async def test_a_body_that_is_too_large_is_sent_in_smaller_ones() -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        return whole("payload-too-large") if len(entries) > 10 else all_done(entries)

    counter = Counter(answers)
    replies = await wallet_over(counter).send([charge(uuid4()) for _ in range(100)])
    assert [type(each) for each in replies] == [Captured] * 100


@pytest.mark.parametrize(
    "code", ["unauthenticated", "forbidden", "not-found", "rate-limited", "internal", "unavailable"]
)
async def test_what_is_no_words_fault_is_not_halved(code: str) -> None:
    more = {"definite": True} if code == "unavailable" else {}
    counter = Counter(lambda _: whole(code, 2, **more))
    replies = await wallet_over(counter).send([charge(uuid4()) for _ in range(50)])
    assert len(counter.requests) == 1
    assert {type(each) for each in replies} == {NoAnswer}


async def test_a_lost_answer_is_not_sent_again() -> None:
    counter = Counter(silent)
    await wallet_over(counter).send([charge(uuid4()) for _ in range(50)])
    assert len(counter.requests) == 1


async def test_a_poison_is_no_silence() -> None:
    gate = circuit(silences_max=1)
    orders = [uuid4() for _ in range(8)]
    counter = Counter(poisoned(orders[3], "invalid-request"))
    replies = await wallet_over(counter, gate).send([charge(each) for each in orders])
    assert [type(each) for each in replies].count(Rejected) == 1
    assert gate.ready_in_s() == 0


async def test_a_silence_in_a_half_is_that_halfs_alone() -> None:
    orders = [uuid4() for _ in range(4)]
    whole_first = iter([True])

    def answers(entries: Sequence[Entry]) -> Response:
        if next(whole_first, False):
            return whole("payload-too-large")
        if entries[0]["key"].startswith(str(orders[0])):
            return silent(entries)
        return batch([answer_to(entry) for entry in entries])

    replies = await wallet_over(Counter(answers)).send([charge(each) for each in orders])
    assert [type(each) for each in replies] == [NoAnswer, NoAnswer, Captured, Captured]
