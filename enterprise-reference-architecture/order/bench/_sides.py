"""Who is measured: the orchestrator, DBOS and the naive worker, each at rest but when its turn has come."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from _accepted import Orders, Till
from _crew import Crew, Member, shares

from trivet_order.adapters.sqlalchemy.sharding import SHARDS
from trivet_platform import Postgres

NOWHERE = "http://127.0.0.1:9"
"""What a worker is told of participants whom it does not ask."""
TOP_UP = 250


class Ours:
    """Workers of checkouts with participants that do nothing, and their database."""

    def __init__(self, orders: Orders, workers_max: int) -> None:
        self.orders = orders
        addresses = {f"TRIVET_ORDER_{name}_URL": NOWHERE for name in ("INVENTORY", "RESERVATION", "WALLET")}
        own = [
            {"TRIVET_ORDER_DATABASE_URL": orders.url, "TRIVET_ORDER_LISTEN": f"127.0.0.1:{number + 1}"}
            for number in range(workers_max)
        ]
        self._crew = Crew("_orchestrate.py", [Member(environment=each | addresses) for each in own])
        self.done = 0
        self.done_at_s = 0.0
        self._shards: dict[int, int] = {}

    def __enter__(self) -> Self:
        """Wait for the processes."""
        self._crew.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._crew.__exit__(kind, error, trace)

    @contextmanager
    def working(self, workers: int) -> Iterator[dict[str, float]]:
        """Let so many work, all shards being held; what is yielded knows afterwards when each checkout ended."""
        self.done, self._shards = 0, {}
        ends: dict[str, float] = {}
        for number in range(workers):
            self._crew.tell(number, do="work")
        while sum(self._shards.values()) < SHARDS:
            self.listen()
        yield ends
        for number in range(workers):
            self._crew.tell(number, do="rest")
        for told in self._crew.answers(workers, "rested"):
            ends.update(told["ends"])

    def listen(self) -> None:
        """Hear what one of them says next."""
        number, told = self._crew.hear()
        if "shards" in told:
            self._shards[number] = told["shards"]
        else:
            self.done, self.done_at_s = self.done + told["done"], max(self.done_at_s, told["at_s"])

    def finish(self, count: int) -> float:
        """Wait until so many checkouts have ended, and return when."""
        while self.done < count:
            self.listen()
        return self.done_at_s

    def per_s(self, workers: int, count: int) -> float:
        """Return how many checkouts a second are taken through, of so many that are there at once."""
        self.orders.clear()
        with self.orders.till() as till, self.working(workers):
            began_s = till.accept_known(count)
            return count / (self.finish(count) - began_s)

    def standing_per_s(self, workers: int, backlog: int, count: int) -> float:
        """Return how many a second are taken through while so many are due; who ends is followed by another one."""
        self.orders.clear()
        with self.orders.till() as till:
            till.accept_known(backlog)
            with self.working(workers):
                followed = self._follow(till, 0, count // 4)
                began, began_s = self.done, self.done_at_s
                self._follow(till, followed, began + count)
                return (self.done - began) / (self.done_at_s - began_s)

    def waits_ms(self, workers: int, per_s: float, seconds: float) -> tuple[list[float], float]:
        """Return how long each checkout took from accepted to ended, at a rate, and how late one was accepted."""
        self.orders.clear()
        with self.orders.till() as till, self.working(workers) as ends:
            accepted, late_ms = till.accept_evenly(per_s, seconds)
            self.finish(accepted)
        begun = self.orders.accepted_at_s()
        return [(ends[order_id] - at_s) * 1000 for order_id, at_s in begun.items()], late_ms

    def _follow(self, till: Till, followed: int, until: int) -> int:
        """Accept a few orders whenever as many have ended, until so many have."""
        while self.done < until:
            self.listen()
            while self.done - followed >= TOP_UP:
                till.accept(TOP_UP)
                followed += TOP_UP
        return followed


class Peer:
    """A crew that runs so many checkouts by some of its processes."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def __enter__(self) -> Self:
        """Wait for the processes."""
        self._crew.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._crew.__exit__(kind, error, trace)


class Dbos(Peer):
    """Processes with DBOS on one database of its own."""

    def __init__(self, postgres: Postgres, processes_max: int, threads: int) -> None:
        url = postgres.create_database("dbos")
        super().__init__(Crew("_workflows.py", [Member([url, f"bench-{number}"]) for number in range(processes_max)]))
        self._threads = threads

    def per_s(self, processes: int, count: int) -> float:
        """Return how many workflows a second so many processes run; they are launched before, and at rest afterwards.

        They are launched one by one: the first one ever makes the tables.
        """
        for number in range(processes):
            self._crew.tell(number, do="launch", threads=self._threads // processes)
            self._crew.answers(1, "launched")
        began_s = time.monotonic()
        for number, share in enumerate(shares(count, processes)):
            self._crew.tell(number, do="run", count=share)
        per_s = count / (self._crew.done_at_s(count) - began_s)
        for number in range(processes):
            self._crew.tell(number, do="rest")
        self._crew.answers(processes, "rested")
        return per_s


class OneByOne(Peer):
    """Naive workers on the same tables as ours."""

    def __init__(self, orders: Orders, processes_max: int, connections: int) -> None:
        super().__init__(Crew("_one_by_one.py", [Member([orders.url])] * processes_max))
        self._orders = orders
        self._connections = connections

    def per_s(self, processes: int, count: int) -> float:
        """Return how many checkouts a second are taken through, of so many that are there at once."""
        self._orders.clear()
        with self._orders.till() as till:
            till.accept_known(count)
        began_s = time.monotonic()
        for number in range(processes):
            self._crew.tell(number, do="run", first=number * self._connections, connections=self._connections)
        return count / (self._crew.done_at_s(count) - began_s)


class Best:
    """The best of several ways, each taken anew every time; remembers what each gave."""

    def __init__(self, ways: Mapping[str, Callable[[], float]]) -> None:
        self._ways = ways
        self._samples: dict[str, list[float]] = {name: [] for name in ways}

    def __call__(self) -> float:
        """Take every way, and return the most that one of them gave."""
        taken = {name: take() for name, take in self._ways.items()}
        for name, value in taken.items():
            self._samples[name].append(value)
        return max(taken.values())

    @property
    def medians(self) -> dict[str, float]:
        """What each way gave, without the first time, which does not count if there were more."""
        return {name: statistics.median(values[1:] or values) for name, values in self._samples.items()}

    @property
    def name(self) -> str:
        """The way that is the best one by its median."""
        return max(self.medians, key=lambda name: self.medians[name])


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that such a share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * 1000) * len(ordered) // 1000) - 1)]
