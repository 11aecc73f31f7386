"""A simulated Redlock, right or wrong in one way: a right one is never called wrong, whatever is paused or dead."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TTL, DRIFT, MASTERS, ATTEMPTS, DEADLINE = 1000, 12, 5, 40, 50
seeds = st.integers(0, 2**32)
many = settings(max_examples=300, deadline=None)


class Lock:
    """Masters that grant a key for a while, and holders that pause, die, and give it back; one clock for all."""

    QUORUM = MASTERS // 2 + 1
    BELIEVED = TTL - DRIFT

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  - a world that is the same each time is no secret
        self.now = 0
        self.holder: list[tuple[int, int]] = [(0, 0)] * MASTERS  # whose it is, and until when
        self.lines: list[tuple[str, str, int, int, int, int | None]] = []
        self.lost: set[int] = set()
        self._fences = itertools.count(1)
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, delay: int, step: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay, next(self._order), step))

    def late(self) -> int:
        """Return how long a message or a moment takes: short as a rule, and now and then as long as a pause."""
        return self.chance.choice([300, 1500]) if self.chance.random() < 0.15 else self.chance.randrange(1, 10)

    def play(self) -> None:
        for token in range(1, ATTEMPTS + 1):
            self.after(self.chance.randrange(6000), lambda token=token: self.attempt(token))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        while self._queue:
            self.now, _, step = heapq.heappop(self._queue)
            step()

    def attempt(self, token: int) -> None:
        granted: list[int] = []
        until = self.now + self.BELIEVED
        self.after(DEADLINE, lambda: self.give_up(token, granted))
        for master in range(MASTERS):
            self.after(self.late(), lambda master=master: self.ask(token, master, granted, until))  # type: ignore[misc]  # the same

    def ask(self, token: int, master: int, granted: list[int], until: int) -> None:
        if self.holder[master][1] <= self.now:
            self.holder[master] = (token, self.now + TTL)
            self.after(self.late(), lambda: self.hear(token, master, granted, until))

    def give_up(self, token: int, granted: list[int]) -> None:
        if len(granted) < self.QUORUM:
            granted.clear()
            self.lost.add(token)
            self.give_back(token)

    def hear(self, token: int, master: int, granted: list[int], until: int) -> None:
        granted.append(master)
        if len(granted) == self.QUORUM and token not in self.lost:
            self.after(self.chance.randrange(20), lambda: self.use(token, until))

    def use(self, token: int, until: int) -> None:
        if self.now >= until:
            self.give_back(token)
            return
        process, fence, held = f"inventory-api-{token % 2 + 1}", next(self._fences), self.now
        if self.chance.random() < 0.2:
            self.lines.append((process, "hot", fence, held, until, None))
            return
        over = held + self.late()
        self.lines.append((process, "hot", fence, held, until, over))
        self.after(over - held, lambda: self.give_back(token))

    def give_back(self, token: int) -> None:
        for master in range(MASTERS):
            self.after(self.late(), lambda master=master: self.free(token, master))  # type: ignore[misc]  # the same

    def free(self, token: int, master: int) -> None:
        if self.holder[master][0] == token:
            self.holder[master] = (0, 0)


class TwoAreEnough(Lock):
    """Two majorities need not share a master."""

    QUORUM = 2


class Believer(Lock):
    """Counts no time: a lease is believed long after its masters gave it to another."""

    BELIEVED = 100 * TTL


class Careless(Lock):
    """A release takes whatever is there."""

    def free(self, token: int, master: int) -> None:
        del token
        self.holder[master] = (0, 0)


def judged(new_sale, kind: type[Lock], seed: int):
    lock = kind(seed)
    lock.play()
    sale = new_sale()
    sale.add_item("hot", 3)
    sale.buy("k", "hot", 1, (0, 10, 200))
    for process, name, fence, held, until, over in lock.lines:
        sale.lease(process, name, fence, held, until, over)
    return sale.judge()["leases_exclusive"]


@many
@given(seed=seeds)
def test_a_right_lock_is_never_called_wrong(new_sale, seed) -> None:
    finding = judged(new_sale, Lock, seed)
    assert finding.verdict == "valid" or finding.observed == "events.jsonl tells of no lease", finding.observed


@pytest.mark.parametrize("kind", [TwoAreEnough, Believer, Careless], ids=lambda kind: kind.__name__)
def test_a_lock_that_is_wrong_in_one_way_is_caught(new_sale, kind) -> None:
    """Not in every world, since it takes two who meet, but in some of a hundred."""
    caught = [seed for seed in range(100) if judged(new_sale, kind, seed).verdict == "invalid"]
    assert caught
