"""What moving money costs: transfers and charges by the wallet beside a textbook's in pgbench, and their bounds.

    ./trivet bench wallet [--quick]

Everything runs on one PostgreSQL. "At its best concurrency" means that both sides were first tried with 1 to 64
clients, briefly, and then compared, each with the number that served it best.
"""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from _bank import ACCOUNTS, Bank, transfer_request
from _statements import statements_per_transfer

from trivet_lab.bench import (
    Ceiling,
    Measured,
    against_bound,
    alternate,
    bench_main,
    ceiling_per_s,
    closed_loop,
    open_loop,
)
from trivet_platform import Postgres, Supervisor

CLIENTS = (1, 2, 4, 8, 16, 32, 64)
BATCHES = (1, 10, 50, 100, 200)
REAL = ("select_for_update", "optimistic")


class Plan:
    """How long and how often, by whether only a glance is wanted."""

    def __init__(self, *, quick: bool) -> None:
        self.clients = (8,) if quick else CLIENTS
        self.batches = (50,) if quick else BATCHES
        self.pairs = 1 if quick else 6
        self.strategies = REAL[:1] if quick else REAL
        self.seconds = 1 if quick else 4
        self.glance_s = 1 if quick else 2


def best(tried: dict[int, float]) -> int:
    """Return the number of clients that served best."""
    return max(tried, key=lambda clients: tried[clients])


def shown(tried: dict[int, float]) -> str:
    """Return a sweep as a reader wants it."""
    return ", ".join(f"{clients}: {per_s:,.0f}" for clients, per_s in tried.items())


def sweep(plan: Plan, measured: Callable[[int], float], numbers: tuple[int, ...] = ()) -> dict[int, float]:
    """Return what each number of clients got done a second."""
    return {number: measured(number) for number in numbers or plan.clients}


def two_accounts(seed: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of different accounts."""
    chance = random.Random(seed)  # noqa: S311  - a bench must be repeatable, not secret
    for _ in itertools.count():
        payer, payee = chance.sample(range(ACCOUNTS), 2)
        yield payer, payee


def services(bank: Bank, plan: Plan, textbook: dict[int, float]) -> list[Measured]:
    """Measure transfers at the services layer, by both strategies, and what Django's naive way costs."""
    found = []
    clients = best(textbook)
    for strategy in plan.strategies:
        tried = sweep(plan, lambda number, by=strategy: bank.services_per_s("transfer", number, plan.glance_s, by))
        ours = best(tried)
        pairs = alternate(
            lambda number=ours, by=strategy: bank.services_per_s("transfer", number, plan.seconds, by),
            lambda: bank.textbook_per_s(clients, plan.seconds),
            plan.pairs,
        )
        alone = sweep(
            plan, lambda number, by=strategy: bank.services_per_s("transfer-alone", number, plan.glance_s, by)
        )
        found.append(
            Measured(
                bench=f"wallet-transfers-{strategy.replace('_', '-')}",
                unit="transfers/s",
                compares=(
                    f"Transfers over {ACCOUNTS:,} accounts, {plan.seconds} s a sample: ours by `{strategy}` at the "
                    f"services layer with {ours} callers; peer the textbook transfer in pgbench with {clients} clients."
                ),
                pairs=pairs,
                bar=0.5,
                figures={
                    "ours a second, by callers": shown(tried),
                    "ours a second, each in a transaction of its own, by callers": shown(alone),
                    "pgbench a second, by clients": shown(textbook),
                },
            )
        )
    naive = sweep(plan, lambda number: bank.services_per_s("naive-orm", number, plan.glance_s, "naive"))
    pairs = alternate(
        lambda: bank.services_per_s("transfer", best(tried), plan.seconds, REAL[-1]),
        lambda: bank.services_per_s("naive-orm", best(naive), plan.seconds, "naive"),
        plan.pairs,
    )
    found.append(
        Measured(
            bench="wallet-naive-orm",
            unit="transfers/s",
            compares=(
                f"Transfers over {ACCOUNTS:,} accounts: ours by `{REAL[-1]}`, combined; peer two of Django's objects "
                "read, changed and saved in a transaction, without keys or any guard, at its best concurrency."
            ),
            pairs=pairs,
            why="no bar was promised: the peer loses money.",
            figures={"the peer a second, by callers": shown(naive)},
        )
    )
    return found


def over_http(bank: Bank, plan: Plan, textbook: dict[int, float]) -> list[Measured]:
    """Measure transfers through one replica's HTTP, and their latency at 70 % of its peak."""
    clients = best(textbook)
    pairs_of_accounts = two_accounts(1)
    with bank.replica(REAL[0]) as url:

        def per_s(connections: int, seconds: float) -> float:
            sent = closed_loop(
                url, lambda: transfer_request(pairs_of_accounts), connections=connections, seconds=seconds
            )
            return sent.per_s

        tried = sweep(plan, lambda number: per_s(number, plan.glance_s))
        ours = best(tried)
        pairs = alternate(
            lambda: per_s(ours, plan.seconds), lambda: bank.textbook_per_s(clients, plan.seconds), plan.pairs
        )
        peak = max(mine for mine, _ in pairs)
        ceiling = ceiling_per_s(lambda: transfer_request(pairs_of_accounts), connections=ours, seconds=plan.glance_s)
        rate = 0.7 * peak

        def p99_ms() -> float:
            sent = open_loop(
                url, lambda: transfer_request(pairs_of_accounts), per_s=rate, connections=128, seconds=plan.seconds
            )
            return sent.latency_ms_p99

        latency = against_bound(p99_ms, 100.0, plan.pairs)
    limit = Ceiling(per_s=ceiling, figure_per_s=peak)
    return [
        Measured(
            bench="wallet-transfers-http",
            unit="transfers/s",
            compares=(
                f"Transfers over {ACCOUNTS:,} accounts through HTTP: ours by one replica, `{REAL[0]}`, with {ours} "
                f"connections; peer the textbook transfer in pgbench with {clients} clients."
            ),
            pairs=pairs,
            bar=0.25,
            ceiling=limit,
            figures={"ours a second, by connections": shown(tried)},
        ),
        Measured(
            bench="wallet-p99",
            unit="ms",
            compares=(
                f"99th percentile of transfers through HTTP at {rate:,.0f}/s, 70 % of the measured peak, in open loop."
            ),
            pairs=latency,
            bound=True,
            ceiling=Ceiling(per_s=ceiling, figure_per_s=rate),
        ),
    ]


def merchant(bank: Bank, plan: Plan) -> list[Measured]:
    """Measure charges into one merchant: batched, beside each locking the merchant's row."""
    row = sweep(plan, lambda number: bank.services_per_s("charge-row", number, plan.glance_s))
    batched = {batch: bank.services_per_s("charge-batch", 2, plan.glance_s, batch=batch) for batch in plan.batches}
    size, clients = best(batched), best(row)
    pairs = alternate(
        lambda: bank.services_per_s("charge-batch", 2, plan.seconds, batch=size),
        lambda: bank.services_per_s("charge-row", clients, plan.seconds),
        plan.pairs,
    )
    return [
        Measured(
            bench="wallet-merchant",
            unit="charges/s",
            compares=(
                f"Charges of {ACCOUNTS:,} customers into one merchant at the services layer: ours in batches of {size} "
                f"by 2 callers, appended; peer `select_for_update` of the merchant's row, a transaction each, with "
                f"{clients} callers."
            ),
            pairs=pairs,
            bar=10,
            figures={
                "ours a second, by batch size": shown(batched),
                "the peer a second, by callers": shown(row),
            },
        )
    ]


def measure(*, quick: bool) -> list[Measured]:
    """Start PostgreSQL, and measure one thing after the other."""
    plan = Plan(quick=quick)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        postgres = Postgres()
        supervisor.start(postgres)
        bank = Bank(supervisor, postgres)
        textbook = sweep(plan, lambda number: bank.textbook_per_s(number, plan.glance_s))
        statements = against_bound(lambda: statements_per_transfer(bank.wallet_url), 6.0, 1)
        return [
            *services(bank, plan, textbook),
            *over_http(bank, plan, textbook),
            *merchant(bank, plan),
            Measured(
                bench="wallet-statements",
                unit="statements",
                compares="Statements of one transfer, as PostgreSQL's own log counts them, BEGIN and COMMIT left out.",
                pairs=statements,
                bound=True,
            ),
        ]


if __name__ == "__main__":
    bench_main(__file__, measure)
