"""An issuer is asked regularly, soon after it failed, and never in a flood; its keys are believed for a day."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from trivet_chassis.tokens.freshness import APART_S, BACK_OFF_S, EVERY_S, KEPT_S, Freshness


def test_at_the_start_it_is_asked_at_once() -> None:
    assert (Freshness().due_s(), Freshness().may_ask(0.0), Freshness().is_out, Freshness().is_too_old(0.0)) == (
        0.0,
        True,
        True,
        True,
    )


def test_who_answered_is_asked_again_after_a_while() -> None:
    fresh = Freshness().succeeded(100.0)
    assert fresh.due_s() == 100 + EVERY_S
    assert not fresh.may_ask(100 + APART_S - 1)
    assert fresh.may_ask(100 + APART_S)
    assert not fresh.is_out


def test_who_did_not_is_asked_ever_more_rarely_until_it_does() -> None:
    fresh, waits = Freshness().succeeded(0.0), []
    for _ in range(9):
        fresh = fresh.failed(0.0)
        waits.append(fresh.due_s())
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert fresh.is_out
    assert fresh.succeeded(1.0) == Freshness().succeeded(1.0)


def test_keys_are_believed_for_so_long() -> None:
    fresh = Freshness().succeeded(100.0)
    assert not fresh.is_too_old(100 + KEPT_S - 1)
    assert fresh.failed(100 + KEPT_S).is_too_old(100 + KEPT_S)


@given(some.lists(some.tuples(some.booleans(), some.floats(0.0, 1000.0)), max_size=30), some.floats(0.0, 1000.0))
def test_nobody_asks_twice_within_the_least_distance(history: list[tuple[bool, float]], later_s: float) -> None:
    fresh, now_s = Freshness(), 0.0
    for well, after_s in history:
        now_s += after_s
        fresh = fresh.succeeded(now_s) if well else fresh.failed(now_s)
    if fresh.asked_s is not None and fresh.may_ask(now_s + later_s):
        assert later_s >= min(BACK_OFF_S[0], APART_S) * 0.999
