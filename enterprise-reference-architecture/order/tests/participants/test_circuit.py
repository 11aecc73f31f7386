"""Who does not answer again and again is left alone for a while, and then asked by one request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import circuitbreaker
import pytest
from asked_participants import Counter, Entry, all_done, answer_to, batch, charge, silent, wallet_over, whole

from trivet_order.adapters.http import Circuit
from trivet_order.adapters.http.circuit import PROBE_PAUSE_S, CircuitOpen
from trivet_order.adapters.http.client import Response
from trivet_order.application.saga import Captured, NoAnswer

OPEN_S = 10.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(circuitbreaker, "monotonic", made)
    return made


@pytest.fixture
def gate(clock: Clock) -> Circuit:
    del clock
    return Circuit("wallet", silences_max=3, open_s=OPEN_S)


def take(gate: Circuit, *, is_alive: bool | None) -> None:
    with gate.turn() as turn:
        turn.is_alive = is_alive


def test_it_opens_after_so_many_silences_in_a_row(gate: Circuit, clock: Clock) -> None:
    for is_alive in (False, False, True, False, False):
        take(gate, is_alive=is_alive)
        assert gate.ready_in_s() == 0
    take(gate, is_alive=False)
    assert gate.ready_in_s() == OPEN_S
    clock.now_s += 4
    assert gate.ready_in_s() == 6
    with pytest.raises(CircuitOpen) as refused, gate.turn():
        raise AssertionError("a turn of an open circuit")
    assert refused.value.ready_in_s == 6


def opened(gate: Circuit, clock: Clock) -> None:
    for _ in range(3):
        take(gate, is_alive=False)
    clock.now_s += OPEN_S


def test_half_open_it_gives_one_turn_at_a_time(gate: Circuit, clock: Clock) -> None:
    opened(gate, clock)
    assert gate.ready_in_s() == 0
    with gate.turn() as turn:
        assert gate.ready_in_s() == PROBE_PAUSE_S
        with pytest.raises(CircuitOpen), gate.turn():
            raise AssertionError("a second probe")
        turn.is_alive = True
    assert gate.ready_in_s() == 0
    with gate.turn(), gate.turn():  # closed: as many as want
        pass


def test_a_probe_that_is_not_answered_opens_it_again(gate: Circuit, clock: Clock) -> None:
    opened(gate, clock)
    take(gate, is_alive=False)
    assert gate.ready_in_s() == OPEN_S


def test_a_probe_that_nothing_is_learnt_of_leaves_the_next_to_try(gate: Circuit, clock: Clock) -> None:
    opened(gate, clock)
    with pytest.raises(asyncio.CancelledError), gate.turn():
        raise asyncio.CancelledError
    assert gate.ready_in_s() == 0
    take(gate, is_alive=False)
    assert gate.ready_in_s() == OPEN_S


def test_a_silence_that_is_told_late_keeps_it_open_and_a_late_answer_closes_it(gate: Circuit, clock: Clock) -> None:
    with gate.turn() as late, gate.turn() as later:
        for _ in range(3):
            take(gate, is_alive=False)
        clock.now_s += 5
        late.is_alive, later.is_alive = True, False
    # The inner one ended first: a silence, then an answer.
    assert gate.ready_in_s() == 0


# ── Over a participant ────────────────────────────────────────────────────────────────────────────────────────────


def unavailable(entries: Sequence[Entry]) -> Response:
    return batch([answer_to(entry, "unavailable", definite=True) for entry in entries])


def one_in_flight(entries: Sequence[Entry]) -> Response:
    return batch([answer_to(entry, "request-in-flight") for entry in entries])


def one_refused(entries: Sequence[Entry]) -> Response:
    refused = [answer_to(entry, "unavailable", definite=True) for entry in entries[1:]]
    return batch([answer_to(entries[0], "insufficient-funds"), *refused])


@pytest.mark.parametrize(
    "answers", [silent, unavailable, lambda _: whole("rate-limited", 1), lambda _: whole("forbidden")]
)
async def test_batches_of_which_nothing_was_answered_open_it(gate: Circuit, clock: Clock, answers: object) -> None:
    counter = Counter(answers)  # type: ignore[arg-type]  # one of the functions above
    wallet = wallet_over(counter, gate)
    for _ in range(3):
        assert wallet.ready_in_s() == 0
        await wallet.send([charge(uuid4()), charge(uuid4())])
    assert wallet.ready_in_s() == OPEN_S
    replies = await wallet.send([charge(uuid4()), charge(uuid4())])
    assert replies == [NoAnswer("the circuit is open for 10.0 s", definite=True, retry_after_s=OPEN_S)] * 2
    assert len(counter.requests) == 3, "nobody was asked"
    clock.now_s += OPEN_S
    counter.answers = all_done
    assert [type(each) for each in await wallet.send([charge(uuid4())])] == [Captured]
    assert wallet.ready_in_s() == 0


@pytest.mark.parametrize("answers", [one_in_flight, one_refused, all_done])
async def test_whoever_decides_anything_or_is_at_it_is_alive(gate: Circuit, answers: object) -> None:
    wallet = wallet_over(Counter(answers), gate)  # type: ignore[arg-type]  # the same
    for _ in range(9):
        await wallet.send([charge(uuid4()), charge(uuid4())])
        assert wallet.ready_in_s() == 0
