"""What accepting an order costs: beside a `POST` that does nothing, until the timeline shows it, and in PostgreSQL.

    ./trivet bench accepting [--quick]

One replica of the API, one relay and one projector are processes on a real PostgreSQL and a real Kafka, and orders of
two lines come through HTTP with the tokens of 500 customers. What an order asks of PostgreSQL is counted by the server
itself, on another one, where the API is alone.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from _counting import Counted, Counter
from _shop import Customers, Shop
from _watcher import Waits, watching

from trivet_lab.bench import (
    Ceiling,
    Measured,
    against_bound,
    alternate,
    bench_main,
    ceiling_per_s,
    median_ratio,
)
from trivet_platform import Issuer, Kafka, Postgres, Supervisor

PROCESSES = ("api", "idle", "relay", "projector")
CONNECTIONS = 64
SHARE_OF_PEAK = 0.5
VISIBLE_MS_MAX = 250.0
STATEMENTS_MAX = 6.0
WHY_HTTP = (
    "no bar was promised: the peer keeps nothing. The replica, PostgreSQL, the relay, Kafka, the projector and the "
    "generator share the machine's processors, and the peer leaves all but the first and the last idle."
)
WHY_VISIBLE = (
    "An event passes the relay's look, Kafka's acknowledgement, the projector's fetch and a flush of PostgreSQL's WAL, "
    "and all of them share the machine's processors with the API and the generator."
)
WHY_STATEMENTS = "Six are the key's lock, its look-up, the order, its lines, the event with its saga, and the key."
WHY_FLUSHES = "no bar was promised: it is what commits that wait together save."


class Plan:
    """How long and how often, by whether only a glance is wanted."""

    def __init__(self, *, quick: bool) -> None:
        self.pairs = 1 if quick else 8
        self.seconds = 0.5 if quick else 4
        self.waits = 1 if quick else 6
        self.waits_s = 2 if quick else 10
        self.counts = 1 if quick else 6


def pressed(customers: Customers, shop: Shop, serving: str, idling: str, plan: Plan) -> tuple[Measured, float, float]:
    """Measure how many orders a second are accepted; return the peak and the generator's ceiling too."""
    behind: list[int] = []

    def ours() -> float:
        per_s = customers.press(serving, CONNECTIONS, plan.seconds).per_s
        behind.append(shop.behind())
        shop.settle()
        return per_s

    pairs = alternate(ours, lambda: customers.press(idling, CONNECTIONS, plan.seconds).per_s, plan.pairs)
    ceiling = ceiling_per_s(customers.request, connections=CONNECTIONS, seconds=plan.seconds)
    measured = Measured(
        bench="accepting-http",
        unit="orders/s",
        compares=(
            f"`POST /orders` by {CONNECTIONS} connections with tokens while a relay and a projector follow: ours by "
            "one replica; peer a process with the same middleware and body whose order does nothing."
        ),
        pairs=pairs,
        why=WHY_HTTP,
        ceiling=Ceiling(per_s=ceiling, figure_per_s=max(max(pair) for pair in pairs)),
        figures={"events that the timeline was behind after the last order, at most": max(behind[1:])},
    )
    return measured, statistics.median(mine for mine, _ in pairs), ceiling


def shown(customers: Customers, shop: Shop, serving: str, plan: Plan, rate: float, ceiling: float) -> Measured:
    """Measure how long an accepted order's event waits until somebody else sees it in the timeline."""
    found: list[Waits] = []

    def p99_ms() -> float:
        with watching(shop.url) as watcher:
            sent = customers.arrive(serving, rate, 2 * CONNECTIONS, plan.waits_s)
            shop.settle()
            found.append(watcher.end())
        if found[-1].events != sent.statuses["202"]:
            raise RuntimeError(f"{found[-1].events} events of {sent.statuses['202']} orders were seen")
        return found[-1].p99_ms

    shop.analyze()
    pairs = against_bound(p99_ms, VISIBLE_MS_MAX, plan.waits)
    middle = {
        name: round(statistics.median(getattr(wait, name) for wait in found[1:]), 2)
        for name in ("p50_ms", "max_ms", "published_p99_ms")
    }
    return Measured(
        bench="accepting-visible",
        unit="ms",
        compares=(
            "The 99th percentile from the insertion of an order's event, which is before the order's commit, until a "
            f"process that looks at the timeline every few milliseconds sees it, at {rate:,.0f} orders/s through HTTP "
            f"in open loop, {SHARE_OF_PEAK:.0%} of the measured peak."
        ),
        pairs=pairs,
        bound=True,
        why="" if median_ratio(pairs, bound=True) >= 1 else WHY_VISIBLE,
        ceiling=Ceiling(per_s=ceiling, figure_per_s=rate),
        figures={
            "median, ms": middle["p50_ms"],
            "the most, ms": middle["max_ms"],
            "until the mark after Kafka's acknowledgement, 99th percentile, ms": middle["published_p99_ms"],
        },
    )


def counted(counter: Counter, plan: Plan) -> list[Measured]:
    """Count an accepted order's statements, and how many orders share a flush of the WAL."""
    many: list[Counted] = []
    alone: list[Counted] = []

    def orders_a_flush(counts: list[Counted], connections: int) -> float:
        counts.append(counter.count(connections, plan.seconds))
        return 1 / counts[-1].flushes_an_order

    flushes = alternate(lambda: orders_a_flush(many, CONNECTIONS), lambda: orders_a_flush(alone, 1), plan.counts)
    taken = [(count.statements_an_order, STATEMENTS_MAX) for count in many[1:]]
    ours, theirs = (statistics.median(count.flushes_an_order for count in counts[1:]) for counts in (many, alone))
    return [
        Measured(
            bench="accepting-statements",
            unit="statements",
            compares=(
                f"Statements of an accepted order, as `pg_stat_statements` counts them under {CONNECTIONS} connections "
                "of one replica, BEGIN and COMMIT left out."
            ),
            pairs=taken,
            bound=True,
            why="" if median_ratio(taken, bound=True) >= 1 else WHY_STATEMENTS,
            figures={"orders of a sample": round(statistics.median(count.orders for count in many[1:]))},
        ),
        Measured(
            bench="accepting-flushes",
            unit="orders/flush",
            compares=(
                f"Accepted orders to a flush of the WAL, as `pg_stat_io` counts them: ours by {CONNECTIONS} "
                "connections of one replica, with the API alone; peer by one connection."
            ),
            pairs=flushes,
            why=WHY_FLUSHES,
            figures={"flushes an order": f"ours {ours:.3f}, peer {theirs:.3f}"},
        ),
    ]


def measure(*, quick: bool) -> list[Measured]:
    """Start the servers, and measure one thing after the other."""
    plan = Plan(quick=quick)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        issuer = Issuer()
        supervisor.start(issuer)
        customers = Customers(issuer)
        counts = counted(Counter(supervisor, issuer, customers), plan)
        postgres, kafka = Postgres(), Kafka()
        supervisor.start(postgres, kafka)
        shop = Shop(supervisor, postgres, issuer, kafka)
        with ExitStack() as stack:
            serving, idling, *_ = (stack.enter_context(shop.running(name)) for name in PROCESSES)
            http, peak, ceiling = pressed(customers, shop, serving, idling, plan)
            visible = shown(customers, shop, serving, plan, SHARE_OF_PEAK * peak, ceiling)
    return [http, visible, *counts]


if __name__ == "__main__":
    bench_main(__file__, measure)
