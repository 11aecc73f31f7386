"""What checkouts cost: beside DBOS and a naive worker, at a rate, in a long queue, and in PostgreSQL.

    ./trivet bench checkouts [--quick]

All sides run on one real and durable PostgreSQL, and each of them rests while another one is measured. Ours are
processes that are wired as the worker's own, one or two of them, whose participants agree with everything in the same
process: hold, charge, confirm. Each checkout writes its order, its price, its events and its history beside. The peer
takes as many steps, which do nothing, and writes its own records of them. On both sides the outcome of a step is
committed before the next one is asked for. A workflow's start is in the peer's time and an order's acceptance is not in
ours, for that is the API's: `confirming` has it in.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from _accepted import MARK, Orders
from _counting import Books, Counted
from _sides import Best, Dbos, OneByOne, Ours, percentile

from trivet_lab.bench import Measured, against_bound, alternate, bench_main, median_ratio
from trivet_platform import Postgres, Supervisor

WORKERS = (1, 2)
PROCESSES = (1, 2, 3)
THREADS, THREADS_QUICK = 48, 12
CONNECTIONS = 16
SHARE_OF_PEAK = 0.7
BAR, AIM = 25.0, 75.0
P99_MS_MAX = 2_000.0
STATEMENTS_MAX, FLUSHES_MAX = 2.0, 0.2
BACKLOG_BAR = 0.8
FEW = 1_000
WHY_RATE = (
    "Of a checkout's processor time the worker takes two thirds, for the machine, the events and the columns of a "
    "record, and PostgreSQL one; both share two processors."
)
WHY_P99 = "The accepting connection, PostgreSQL and the workers share two processors."
WHY_COSTS = "What is decided while a record is in flight goes with the next one: the faster a record, the smaller."
WHY_BACKLOG = "A claim reads an index that is as deep as the queue is long."
WHY_NAIVE = "no bar was promised: it is what batches, and one commit for many, are worth."


class Plan:
    """How much and how often, by whether only a glance is wanted."""

    def __init__(self, *, quick: bool) -> None:
        self.pairs = 1 if quick else 8
        self.checkouts = 1_500 if quick else 10_000
        self.workflows = 48 if quick else 400
        self.threads = THREADS_QUICK if quick else THREADS
        self.one_by_one = 300 if quick else 3_000
        self.times = 1 if quick else 6
        self.seconds = 1.5 if quick else 10.0
        self.many = 10_000 if quick else 100_000


def rates(ours: Best, dbos: Dbos, plan: Plan) -> Measured:
    """Measure how many checkouts a second both sides take through, each by its best number of processes."""
    peer = Best({f"DBOS by {number}, workflows/s": partial(dbos.per_s, number, plan.workflows) for number in PROCESSES})
    pairs = alternate(ours, peer, plan.pairs)
    return Measured(
        bench="checkouts",
        unit="sagas/s",
        compares=(
            f"Checkouts of three steps with participants that do nothing in the same process: ours {plan.checkouts:,} "
            f"orders that are there at once, by the better of 1 and 2 workers; peer {plan.workflows:,} DBOS workflows "
            f"of three steps, by the best of 1, 2 and 3 processes with {plan.threads} threads in all."
        ),
        pairs=pairs,
        bar=BAR,
        aim=AIM,
        why="" if median_ratio(pairs, bound=False) >= BAR else WHY_RATE,
        figures={name: round(value, 1) for name, value in (ours.medians | peer.medians).items()},
    )


def waits(ours: Ours, workers: int, peak: float, plan: Plan) -> Measured:
    """Measure how long a checkout takes from its order's acceptance to its end, at a rate."""
    found: list[list[float]] = []
    late: list[float] = []

    def p99_ms() -> float:
        waited_ms, late_ms = ours.waits_ms(workers, SHARE_OF_PEAK * peak, plan.seconds)
        found.append(waited_ms)
        late.append(late_ms)
        return percentile(waited_ms, 0.99)

    pairs = against_bound(p99_ms, P99_MS_MAX, plan.times)
    return Measured(
        bench="checkouts-p99",
        unit="ms",
        compares=(
            f"The 99th percentile from an order's insertion, which is before its commit, until the worker knows that "
            f"its end is committed, at {SHARE_OF_PEAK * peak:,.0f} orders/s, {SHARE_OF_PEAK:.0%} of the "
            f"measured rate, accepted in open loop, a hundred commits a second, by {workers} of the workers."
        ),
        pairs=pairs,
        bound=True,
        why="" if median_ratio(pairs, bound=True) >= 1 else WHY_P99,
        figures={
            "median, ms": round(statistics.median(percentile(each, 0.5) for each in found[1:]), 2),
            "the most, ms": round(max(max(each) for each in found[1:]), 2),
            "an order was accepted late by at most, ms": round(max(late[1:]), 2),
        },
    )


def costs(ours: Ours, books: Books, workers: int, peak: float, plan: Plan) -> list[Measured]:
    """Count a checkout's statements and flushes of the log, at a rate and while a queue is worked off."""
    at_rate: list[Counted] = []

    def taken(accept: Callable[[], int], counted: list[Counted]) -> None:
        before = books.flushes()
        books.reset()
        with ours.working(workers):
            count = accept()
            ours.finish(count)
        said = books.statements(but=MARK)
        counted.append(Counted(count, said / count, (books.flushes() - before) / count))

    def evenly() -> int:
        with ours.orders.till(lazily=True) as till:
            return till.accept_evenly(SHARE_OF_PEAK * peak, plan.seconds)[0]

    def at_once() -> int:
        with ours.orders.till(lazily=True) as till:
            till.accept_known(plan.checkouts)
            return plan.checkouts

    for _ in range(plan.times):
        ours.orders.clear()
        taken(evenly, at_rate)
    ours.orders.clear()
    taken(at_once, queued := [])
    load = (
        f"at {SHARE_OF_PEAK * peak:,.0f} orders/s accepted evenly, {SHARE_OF_PEAK:.0%} of the measured rate, leases, "
        "looks and metrics included"
    )
    statements = [(each.statements_an_order, STATEMENTS_MAX) for each in at_rate]
    flushes = [(each.flushes_an_order, FLUSHES_MAX) for each in at_rate]
    return [
        Measured(
            bench="checkouts-statements",
            unit="statements",
            compares=f"Statements of a checkout, as `pg_stat_statements` counts them {load}.",
            pairs=statements,
            bound=True,
            why="" if median_ratio(statements, bound=True) >= 1 else WHY_COSTS,
            figures={f"while {plan.checkouts:,} are due": f"{queued[0].statements_an_order:.4f}"},
        ),
        Measured(
            bench="checkouts-flushes",
            unit="flushes",
            compares=f"Flushes of the WAL for a checkout, as `pg_stat_io` counts them {load}.",
            pairs=flushes,
            bound=True,
            why="" if median_ratio(flushes, bound=True) >= 1 else WHY_COSTS,
            figures={f"while {plan.checkouts:,} are due": f"{queued[0].flushes_an_order:.4f}"},
        ),
    ]


def backlog(ours: Ours, workers: int, plan: Plan) -> Measured:
    """Measure whether a long queue slows the workers down."""
    pairs = alternate(
        partial(ours.standing_per_s, workers, plan.many, plan.checkouts),
        partial(ours.standing_per_s, workers, FEW, plan.checkouts),
        plan.times,
    )
    return Measured(
        bench="checkouts-backlog",
        unit="sagas/s",
        compares=(
            f"Checkouts a second by {workers} of the workers over {plan.checkouts:,} of them: ours with {plan.many:,} "
            f"due all the time, peer with {FEW:,}; on both sides those who end are followed by as many new orders."
        ),
        pairs=pairs,
        bar=BACKLOG_BAR,
        why="" if median_ratio(pairs, bound=False) >= BACKLOG_BAR else WHY_BACKLOG,
    )


def naive(ours: Best, one_by_one: OneByOne, plan: Plan) -> Measured:
    """Measure what a worker does that commits each step of each checkout by itself."""
    peer = Best(
        {f"naive by {number}, sagas/s": partial(one_by_one.per_s, number, plan.one_by_one) for number in WORKERS}
    )
    pairs = alternate(ours, peer, plan.pairs)
    return Measured(
        bench="checkouts-naive",
        unit="sagas/s",
        compares=(
            f"The same orders in the same tables by the same machine: ours as above; peer {plan.one_by_one:,} of them "
            f"by the better of 1 and 2 naive workers of {CONNECTIONS} connections, each of which takes one checkout at "
            "a time by SKIP LOCKED and commits each of its four changes by itself, in one prepared statement. It has "
            "no batches, and no lease, fence, retry or deadline either."
        ),
        pairs=pairs,
        why=WHY_NAIVE,
        figures={name: round(value, 1) for name, value in peer.medians.items()},
    )


def ways(ours: Ours, count: int) -> Best:
    """Return ours by one and by two workers."""
    return Best({f"ours by {number}, sagas/s": partial(ours.per_s, number, count) for number in WORKERS})


def measure(*, quick: bool) -> list[Measured]:
    """Start the servers, and measure one thing after the other."""
    plan = Plan(quick=quick)
    with (
        tempfile.TemporaryDirectory() as folder,
        Supervisor(Path(folder)) as supervisor,
        ExitStack() as stack,
    ):
        postgres = Postgres()
        supervisor.start(postgres)
        orders = Orders(postgres)
        ours = stack.enter_context(Ours(orders, max(WORKERS)))
        best = ways(ours, plan.checkouts)
        with Dbos(postgres, max(PROCESSES), plan.threads) as dbos:
            beside_dbos = rates(best, dbos, plan)
        with OneByOne(orders, max(WORKERS), CONNECTIONS) as one_by_one:
            beside_naive = naive(ways(ours, plan.checkouts), one_by_one, plan)
        workers, peak = WORKERS[list(best.medians).index(best.name)], best.medians[best.name]
        waited = waits(ours, workers, peak, plan)
        queued = backlog(ours, workers, plan)
        supervisor.stop(postgres)
        books = Books(supervisor)
        with Ours(Orders(books.postgres), workers) as counting:
            counted = costs(counting, books, workers, peak, plan)
    return [beside_dbos, waited, *counted, queued, beside_naive]


if __name__ == "__main__":
    bench_main(__file__, measure)
