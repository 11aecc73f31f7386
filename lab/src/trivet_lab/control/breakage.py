"""What is broken on purpose in a shop that is up: asked for by hand, probed, and healed."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from trivet_lab.control.answers import Fault, Healed, Wanted
from trivet_lab.control.episode import Episode
from trivet_lab.control.problems import InvalidRequest, NotFound, NotWell, PartDown
from trivet_lab.control.turns import Turns
from trivet_lab.faults import LINK, Course, FaultError, Target, aim, fault_named, kind_of
from trivet_platform import Conditions

ANSWER_S = 5
"""How long an asker is kept waiting for a fault that has no patience of its own."""
SEEDS = 1_000_000
KEPT_MAX = 200
"""How many faults that are over are remembered: a shop may be up for weeks."""


class _Asked:
    """One fault that was asked for, with an episode for each part."""

    def __init__(self, number: int, wanted: Wanted, seed: int, episodes: Sequence[Episode]) -> None:
        self.number = number
        self.wanted = wanted
        self.seed = seed
        self.episodes = episodes

    @property
    def is_over(self) -> bool:
        return all(episode.is_over for episode in self.episodes)

    def told(self) -> Fault:
        wanted = self.wanted
        own = wanted.fault, wanted.target, wanted.argument, wanted.for_s
        return Fault(self.number, *own, self.seed, [episode.told for episode in self.episodes])


class Breakage:
    """The faults of one shop. It uses the very faults that a run's schedule uses, and their probes."""

    def __init__(self, targets: Mapping[str, Target], turns: Turns, now_ns: Callable[[], int]) -> None:
        """Break nothing yet; times are read from ``now_ns``."""
        self._targets = targets
        self._turns = turns
        self._now_ns = now_ns
        self._numbers = itertools.count(1)
        self._seeds = random.SystemRandom()
        self._lock = threading.Lock()
        self._asked: dict[int, _Asked] = {}

    def ask(self, wanted: Wanted) -> Fault:
        """Do a fault and return when probes saw it in effect, or that it never took effect, which is undone then.

        Raises:
            InvalidRequest: there is no such fault, argument or target, or it cannot be done to a shop that is up.
            PartTaken: another fault has one of its parts.
            PartDown: one of its parts does not run.
        """
        seed = self._seeds.randrange(SEEDS) if wanted.seed is None else wanted.seed
        names = self._aim(wanted, seed)
        number = next(self._numbers)
        self._turns.keep(names, number)
        try:
            asked = _Asked(number, wanted, seed, self._prepare(wanted, names))
        except BaseException:  # nobody could heal a fault that never was, and so free its parts
            for name in names:
                self._turns.give_back(name)
            raise
        self._remember(asked)
        for episode in asked.episodes:
            episode.begin()
        deadline = time.monotonic() + ANSWER_S
        for episode in asked.episodes:
            episode.settle(max(0, deadline - time.monotonic()))
        return asked.told()

    def heal(self, number: int) -> Healed:
        """Heal one fault and return when its parts are well.

        Raises:
            NotFound: no fault has this number.
            NotWell: a part did not come back; it can be tried again.
        """
        with self._lock:
            asked = self._asked.get(number)
        if asked is None:
            raise NotFound(f"there is no fault {number}")
        return self._heal(asked)

    def heal_all(self) -> list[Fault]:
        """Heal whatever is not healed, each fault even if another fails, and return what was healed.

        They heal beside each other: a replica is ready only when its database is, whichever of them was broken first,
        so whoever healed one after the other would wait for it in vain.

        Raises:
            NotWell: a part did not come back.
        """
        with self._lock:
            broken = [asked for asked in self._asked.values() if not asked.is_over]
        healed, ill = [], []
        with ThreadPoolExecutor(max_workers=max(1, len(broken))) as pool:
            healing = [pool.submit(self._heal, asked) for asked in broken]
        for one in healing:
            try:
                healed.append(one.result().fault)
            except NotWell as error:
                ill.append(str(error))
        if ill:
            raise NotWell("; ".join(ill))
        return healed

    def all(self) -> list[Fault]:
        """Return every fault that is remembered, the newest last."""
        with self._lock:
            return [asked.told() for asked in self._asked.values()]

    def close(self) -> None:
        """Leave everything as it is: the shop is about to be stopped."""
        with self._lock:
            for asked in self._asked.values():
                for episode in asked.episodes:
                    episode.abandon()

    def _heal(self, asked: _Asked) -> Healed:
        healed = [episode.heal() for episode in asked.episodes]
        if ill := [episode.course.failure for episode in asked.episodes if episode.course.failure is not None]:
            raise NotWell("; ".join(ill))
        return Healed(not any(healed), asked.told())

    def _aim(self, wanted: Wanted, seed: int) -> list[str]:
        chance = random.Random(f"fault {seed}")  # noqa: S311  - a choice of parts, not a secret
        try:
            kind = fault_named(wanted.fault)
            if frozenset({LINK}) == kind.KINDS and not any(kind_of(name) == LINK for name in self._targets):
                raise InvalidRequest(
                    f"{kind.NAME} breaks a link, and this shop has none: start it by ./trivet up --linked"
                )
            names = aim(wanted.fault, wanted.target, wanted.argument, list(self._targets), chance)
            if kind.needs(wanted.argument) != Conditions():
                raise InvalidRequest(
                    f"{kind.NAME} needs parts that are started for it, and these run: "
                    f"./trivet run flash-sale --faults {kind.NAME}…"
                )
        except FaultError as error:
            raise InvalidRequest(str(error)) from error
        return names

    def _prepare(self, wanted: Wanted, names: Sequence[str]) -> list[Episode]:
        if down := [name for name in names if not self._targets[name].part.pids]:
            raise PartDown(f"{down[0]} is down, so nothing can be broken in it: start it first")
        return [self._episode(wanted, name) for name in names]

    def _episode(self, wanted: Wanted, name: str) -> Episode:
        fault = fault_named(wanted.fault)(self._targets[name], wanted.argument)
        return Episode(Course(fault, self._now_ns), wanted.for_s, partial(self._turns.give_back, name))

    def _remember(self, asked: _Asked) -> None:
        with self._lock:
            over = [number for number, earlier in self._asked.items() if earlier.is_over]
            for number in over[: max(0, len(over) - KEPT_MAX)]:
                del self._asked[number]
            self._asked[asked.number] = asked
