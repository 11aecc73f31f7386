"""Run directories for the report: a small shop is simulated, and what it leaves is judged by the real checkers."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trivet_lab.evidence import (
    Attempt,
    Operation,
    PlannedVariant,
    RunDirectory,
    VariantDirectory,
    encode_operation,
    write_results,
)
from trivet_lab.latency import Histogram, HlogWriter
from trivet_lab.verdict import judge_variant, summarise

MS = 1_000_000
SECOND = 1_000 * MS
CHECKS = [
    "history_whole",
    "answers_complete",
    "generator_on_time",
    "contention",
    "no_oversell",
    "stock_never_negative",
    "stock_conserved",
    "no_lost_purchase",
    "no_phantom_purchase",
    "one_row_a_key",
    "refusals_legal",
    "fences_monotone",
]
EXPECTED = {"naive": "invalid", "advisory": "valid", "redlock": "valid"}
Steps = Generator[int, None, None]


class Shop:
    """One variant's shop on a simulated clock: steps of purchases interleave where the strategy lets them."""

    def __init__(self, strategy: str, items: list[str], stock: int, seed: int) -> None:
        self.strategy, self.items, self.initial = strategy, items, stock
        self.random = random.Random(f"{strategy}{seed}")  # noqa: S311  - a crowd, not a secret
        self.now = 0
        self.stock = dict.fromkeys(items, stock)
        self.version = dict.fromkeys(items, 0)
        self.free_at = dict.fromkeys(items, 0)
        self.fences = itertools.count(1)
        self.ids = itertools.count(1)
        self.history: list[Operation] = []
        self.purchases: list[dict[str, Any]] = []
        self.restocks: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self._queue: list[tuple[int, int, Steps]] = []
        self._order = itertools.count()

    def later(self, at_ns: int, steps: Steps) -> None:
        heapq.heappush(self._queue, (at_ns, next(self._order), steps))

    def play(self) -> None:
        while self._queue:
            self.now, _, steps = heapq.heappop(self._queue)
            for pause in steps:
                self.later(self.now + max(1, pause), steps)
                break
        self.history.sort(key=lambda operation: operation.return_ns)

    def ms(self, low: float, high: float) -> int:
        return int(self.random.triangular(low, high, low + (high - low) / 5) * MS)

    def buy(self, op: int, client: int, item: str) -> Steps:
        attempts: list[Attempt] = []
        key, args = f"buy-{op}", {"item_id": item, "quantity": 1}
        for last in (False, False, True):
            call = self.now
            yield self.ms(0.5, 2)
            if self.strategy == "redlock" and self.free_at[item] > self.now:
                yield self.ms(2, 6)
                attempts.append(Attempt(call, self.now, 429, "lock-busy", "127.0.0.1:9001"))
                if last:
                    break
                yield self.ms(20, 90)
                continue
            row: dict[str, Any] = {}
            yield from self._serve(item, key, row)
            yield self.ms(0.5, 4) if self.random.random() < 0.98 else self.ms(20, 60)
            node = f"127.0.0.1:900{op % 2}"
            if not row:
                attempts.append(Attempt(call, self.now, 409, "out-of-stock", node))
                break
            if self.random.random() < 0.004:  # the answer is lost, the repetition brings it again
                attempts.append(Attempt(call, self.now, 0, "cut", None))
                call = self.now
                yield self.ms(1, 3)
            attempts.append(Attempt(call, self.now, 200, None, node))
            value = {
                "purchase_id": row["purchase_id"],
                "item_id": item,
                "quantity": 1,
                "unit_price_minor": 4900,
                "currency": "EUR",
                "total_minor": 4900,
                "stock": row["stock_after"],
                "fence": row["fence"],
                "resolvable": True,
            }
            self.history.append(Operation(op, client, "buy", args, key, "ok", value, attempts))
            return
        self.history.append(Operation(op, client, "buy", args, key, "fail", None, attempts))

    def _serve(self, item: str, key: str, row: dict[str, Any]) -> Steps:
        """Sell one; only ``naive`` lets somebody else in between reading the stock and writing it."""
        if self.strategy == "naive":
            there = self.stock[item] > 0
            yield self.ms(2, 14)
            if there:
                row.update(self._commit(item, key))
            return
        work = self.ms(1.5, 5) if self.strategy == "advisory" else self.ms(5, 14)
        turn = max(self.free_at[item], self.now)
        self.free_at[item] = turn + work
        yield turn + work - self.now
        if self.stock[item] > 0:
            row.update(self._commit(item, key))

    def _commit(self, item: str, key: str, quantity: int = 1) -> dict[str, Any]:
        self.stock[item] -= quantity
        self.version[item] += 1
        row = {
            "purchase_id": f"p-{next(self.ids):06}",
            "item_id": item,
            "key": key,
            "quantity": quantity,
            "item_version": self.version[item],
            "stock_after": self.stock[item],
            "fence": next(self.fences) if self.strategy == "redlock" else None,
            "at": "2026-11-23T07:20:11.5Z",
        }
        self.purchases.append(row)
        return row

    def restock(self, op: int, item: str, quantity: int) -> Steps:
        call, key = self.now, f"restock-{op}"
        yield self.ms(2, 5)
        self.stock[item] += quantity
        self.version[item] += 1
        row = {
            "restock_id": f"r-{op}",
            "item_id": item,
            "key": key,
            "quantity": quantity,
            "item_version": self.version[item],
            "stock_after": self.stock[item],
            "at": "2026-11-23T07:20:11.5Z",
        }
        self.restocks.append(row)
        yield self.ms(1, 2)
        value = {"restock_id": row["restock_id"], "item_id": item, "quantity": quantity, "stock": row["stock_after"]}
        attempts = [Attempt(call, self.now, 200, None, "127.0.0.1:9001")]
        self.history.append(
            Operation(op, 0, "restock", {"item_id": item, "quantity": quantity}, key, "ok", value, attempts)
        )

    def sample(self, until_ns: int) -> Steps:
        while self.now <= until_ns:
            for item in self.items:
                self.samples.append({"at_ns": self.now, "series": "stock", "label": item, "value": self.stock[item]})
            yield 250 * MS


def simulate(strategy: str, items: list[str], *, stock: int, rate: int, seconds: float, seed: int) -> Shop:
    shop = Shop(strategy, items, stock, seed)
    crowd = random.Random(seed)  # noqa: S311  - a crowd, not a secret
    weights = [1 / (place + 1) for place in range(len(items))]
    at, op = 0.0, 0
    while at < seconds:
        share = at / seconds
        now = rate * (0.2 + 4 * share if share < 0.2 else 2.0 if share < 0.35 else 0.9)
        at += crowd.expovariate(now)
        op += 1
        item = crowd.choices(items, weights)[0]
        shop.later(int(at * SECOND), shop.buy(op, crowd.randrange(1, 200), item))
    for place, item in enumerate(items[:3]):
        shop.later(int(seconds / 2 * SECOND), shop.restock(op + 1 + place, item, max(1, stock // 4)))
    shop.later(0, shop.sample(int(seconds * SECOND)))
    shop.play()
    return shop


def leave(shop: Shop, directory: VariantDirectory, *, samples: bool) -> None:
    """Write what a real variant leaves."""
    directory.create()
    directory.history.write_bytes(b"".join(map(encode_operation, shop.history)))
    items = [
        {"id": item, "initial_stock": shop.initial, "stock": shop.stock[item], "item_version": shop.version[item]}
        for item in shop.items
    ]
    for name, rows in (("items", items), ("purchases", shop.purchases), ("restocks", shop.restocks)):
        directory.ledger(f"inventory.{name}").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    if samples:
        directory.samples.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in shop.samples))
    histogram = Histogram()
    for operation in shop.history:
        if operation.f == "buy":
            histogram.record((operation.return_ns - operation.call_ns) // 1000 + 300)
    log = HlogWriter(directory.latency / "buy.hlog", 1_800_000_000)
    log.write(0.0, 1.0, histogram)
    log.close()
    quantiles = {"p50": 0.2, "p99": 2.9, "max": 6.1}
    directory.load.write_bytes(
        msgspec.json.encode(
            {
                "operations": len(shop.history),
                "sent": len(shop.history),
                "attempts": len(shop.history),
                "ended": Counter(operation.outcome for operation in shop.history),
                "outcomes": {},
                "lateness_ms": quantiles,
                "latency_ms": quantiles,
                "latency_sent_ms": quantiles,
                "cpu_share": 0.31,
                "over_budget": [],
                "interrupted": False,
                "started_ns": 0,
                "ended_ns": 1,
                "in_flight_max": 64,
                "series": [],
            }
        )
    )


def facts(run: RunDirectory, seed: int, **changes: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "run": run.name,
        "scenario": "flash-sale",
        "seed": seed,
        "claim": "a crowd never buys more than there is",
        "argv": ["run", "flash-sale", "--seed", str(seed)],
        "command": f"./trivet run flash-sale --seed {seed}",
        "started": "2026-11-23T07:20:11Z",
        "commit": "2c6d865f00ba",
        "machine": {"cpus": 2, "memory_bytes": 8 * 2**30, "platform": "Linux 6.1.0 x86_64", "python": "3.12.4"},
        "versions": {"PostgreSQL": "18.6", "Valkey": "9.1.0", "Envoy": "1.40.0"},
        "real": [
            "PostgreSQL 18 with fsync and synchronous_commit on",
            "five independent Valkey 9 masters",
            "Envoy as the load balancer, two replicas of the service behind it",
        ],
        "simulated": ["one machine: servers, load balancer and crowd share its cores, and nothing crosses a network"],
        "parameters": {"clients": 200, "rate": 250.0, "duration": 8.0, "items": 8, "stock": 40},
        "variants": [{"name": name, "expected": expected, "breaks": []} for name, expected in EXPECTED.items()],
        "checkers": CHECKS,
        **changes,
    }


def build_run(
    path: Path,
    *,
    strategies: tuple[str, ...] = ("naive", "advisory", "redlock"),
    items: list[str] | None = None,
    rate: int = 250,
    seconds: float = 8,
    seed: int = 7,
    finished: bool = True,
    samples: bool = True,
    **changes: Any,
) -> RunDirectory:
    """Write a run's directory whole, but for its page."""
    path.mkdir(parents=True)
    run = RunDirectory(path)
    run.run.write_bytes(msgspec.json.encode(facts(run, seed, **changes)))
    results = []
    for strategy in strategies:
        shop = simulate(
            strategy, items or [f"ticket-{n}" for n in range(1, 9)], stock=40, rate=rate, seconds=seconds, seed=seed
        )
        directory = run.variant(strategy)
        leave(shop, directory, samples=samples)
        supply = dict.fromkeys(shop.items, 40)
        for row in shop.restocks:
            supply[row["item_id"]] += row["quantity"]
        sold = {item: sum(row["quantity"] for row in shop.purchases if row["item_id"] == item) for item in shop.items}
        oversold = sum(max(0, sold[item] - supply[item]) for item in shop.items)
        planned = PlannedVariant(strategy, EXPECTED[strategy], ["no_oversell", "stock_never_negative"])  # type: ignore[arg-type]  # a verdict
        results.append(judge_variant(directory, planned, CHECKS, {"sold": sum(sold.values()), "oversold": oversold}))
    if finished:
        write_results(run.results, summarise(run.name, "flash-sale", results))
    return run


MakeRun = Callable[..., RunDirectory]


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Return ``build_run`` in a folder of its own."""

    def make(**changes: Any) -> RunDirectory:
        return build_run(tmp_path_factory.mktemp("run") / "20261123T072011Z-flash-sale-7", **changes)

    return make
