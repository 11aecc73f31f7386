"""What an order costs from the API to its end: beside DBOS, whose steps do nothing, and alone.

    ./trivet bench confirming [--quick]

Orders come through HTTP with tokens. One replica of each process of four services runs, as the lab puts them on stage:
API, relay, projector and worker of the order, and the participants with their databases, whom the worker asks through
the load balancer's inner door. While the peer is measured, on the same PostgreSQL, all of it stands still.
"""

from __future__ import annotations

import itertools
import tempfile
from functools import partial
from pathlib import Path

from _sides import Best, Dbos
from _town import CONNECTIONS, Town, town

from trivet_lab.bench import (
    Ceiling,
    Measured,
    against_bound,
    alternate,
    bench_main,
    ceiling_per_s,
    median_ratio,
)
from trivet_platform import Supervisor

PROCESSES = (1, 2, 3)
THREADS, THREADS_QUICK = 48, 12
WARM = 20
BAR, AIM = 4.0, 10.0
P50_MS_MAX = 60.0
WHY_RATE = (
    "An order takes about 20 ms of two processors, by process: order's sessions of PostgreSQL 3.7, API 3.3, worker "
    "2.2, Kafka 1.9, projector 1.9, wallet 1.5, relay 1.4, inventory 1.0, reservation 0.7, Envoy 0.6, their sessions "
    "1.5, Valkey 0.2. The peer accepts nothing, asks nobody, and tells nobody. "
    "Worker and relay that wait 15 to 30 ms each time for batches to fill bring it to 15 ms and a fifth more orders "
    "through; one order alone would wait as much longer, so they do not."
)
WHY_ALONE = (
    "The worker looks every 20 ms, so an order waits for 10. Four records follow, each of which waits for the disk (an "
    "UPDATE that is committed alone takes 3 to 4 ms here), and three calls through the inner door, as they tell it "
    "themselves 17 ms in the wallet, 10 in the inventory and 5 in the reservation, their own flushes included."
)


class Plan:
    """How much and how often, by whether only a glance is wanted."""

    def __init__(self, *, quick: bool) -> None:
        self.pairs = 1 if quick else 6
        self.orders = 100 if quick else 1_000
        self.workflows = 48 if quick else 400
        self.threads = THREADS_QUICK if quick else THREADS
        self.times = 1 if quick else 6
        self.alone = 8 if quick else 40
        self.seconds = 0.5 if quick else 4.0


def rates(orders: Town, dbos: Dbos, plan: Plan) -> Measured:
    """Measure how many orders a second are confirmed."""
    peer = Best({f"DBOS by {number}, workflows/s": partial(dbos.per_s, number, plan.workflows) for number in PROCESSES})

    def ours() -> float:
        orders.confirmed_per_s(WARM)
        orders.settle()
        return orders.confirmed_per_s(plan.orders)

    def theirs() -> float:
        with orders.at_rest():
            return peer()

    pairs = alternate(ours, theirs, plan.pairs)
    asked = itertools.cycle(orders.requests(orders.lines(WARM)))
    ceiling = ceiling_per_s(lambda: next(asked), connections=CONNECTIONS, seconds=plan.seconds)
    return Measured(
        bench="confirming",
        unit="orders/s",
        compares=(
            f"{plan.orders:,} orders through HTTP by {CONNECTIONS} connections, in turn of goods and of a seat, "
            "from the first request until the last one is confirmed, by one replica of each process of four services; "
            f"peer {plan.workflows:,} DBOS workflows of three steps that do nothing, by the best of 1, 2 and 3 "
            f"processes with {plan.threads} threads in all, while all services stand still."
        ),
        pairs=pairs,
        bar=BAR,
        aim=AIM,
        why="" if median_ratio(pairs, bound=False) >= BAR else WHY_RATE,
        ceiling=Ceiling(per_s=ceiling, figure_per_s=max(mine for mine, _ in pairs)),
        figures={name: round(value, 1) for name, value in peer.medians.items()}
        | {"events that the timeline was behind at the last confirmation, at most": max(orders.behind)},
    )


def alone(orders: Town, plan: Plan) -> Measured:
    """Measure how long an order takes that is the only one."""
    pairs = against_bound(partial(orders.alone_ms, plan.alone), P50_MS_MAX, plan.times)
    return Measured(
        bench="confirming-alone",
        unit="ms",
        compares=(
            f"The median of {plan.alone} orders, each the only one under way, from its insertion, which is before its "
            "commit, until somebody else sees in the database that it is confirmed; accepted through HTTP at a random "
            "moment, with the participants asked over HTTP."
        ),
        pairs=pairs,
        bound=True,
        why="" if median_ratio(pairs, bound=True) >= 1 else WHY_ALONE,
    )


def measure(*, quick: bool) -> list[Measured]:
    """Start everything, and measure one thing after the other."""
    plan = Plan(quick=quick)
    with (
        tempfile.TemporaryDirectory() as folder,
        Supervisor(Path(folder)) as supervisor,
        town(supervisor) as (shop, orders),
    ):
        only = alone(orders, plan)
        with Dbos(shop.postgres, max(PROCESSES), plan.threads) as dbos:
            beside = rates(orders, dbos, plan)
    return [beside, only]


if __name__ == "__main__":
    bench_main(__file__, measure)
