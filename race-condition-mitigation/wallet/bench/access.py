"""What it costs to ask who asks: transfers of one replica that verifies tokens beside one that takes everybody.

    ./trivet bench access [--quick]

Both replicas are processes on one PostgreSQL, asked in turns by as many callers, each with a token of their own that
was verified before: that is what the second request of a token costs. What the first one costs is measured beside it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from _bank import ACCOUNTS, Bank, transfer_request

from trivet_chassis.tokens import Issuer as Issued
from trivet_chassis.tokens import Publisher, Verifier, fetch_document
from trivet_lab.bench import Measured, alternate, bench_main, closed_loop
from trivet_platform import Issuer, Postgres, Supervisor

SCOPES = "accounts.any transfers.write"
STRATEGY = "select_for_update"
CALLERS = 32
TOKENS = 1000


def pairs_of_accounts() -> Iterator[tuple[int, int]]:
    """Yield pairs of different accounts."""
    chance = random.Random(1)  # noqa: S311  - a bench must be repeatable, not secret
    for _ in itertools.count():
        payer, payee = chance.sample(range(ACCOUNTS), 2)
        yield payer, payee


def first_us(issuer: Issuer, algorithm: str, tokens: int) -> float:
    """Return what verifying a token for the first time takes, in microseconds."""
    issuer.rotate(algorithm)
    shown = [token.encode() for token in issuer.tokens([f"caller-{number}" for number in range(tokens)])]

    async def verify() -> float:
        publisher = Publisher(lambda: fetch_document(issuer.jwks_url))
        verifier = Verifier(Issued(issuer.url, issuer.audience), publisher)
        await verifier.verify(shown[0])
        began_s = time.perf_counter()
        for token in shown[1:]:
            await verifier.verify(token)
        return (time.perf_counter() - began_s) / (tokens - 1) * 1e6

    return asyncio.run(verify())


def measure(*, quick: bool) -> list[Measured]:
    """Start both replicas, and ask them in turns."""
    seconds, pairs = (1, 1) if quick else (5, 10)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor, ExitStack() as stack:
        postgres, issuer = Postgres(), Issuer()
        supervisor.start(postgres, issuer)
        bank = Bank(supervisor, postgres)
        own = {"TRIVET_WALLET_JWKS_URL": issuer.jwks_url, "TRIVET_WALLET_TOKEN_ISSUER": issuer.url}
        guarded = stack.enter_context(bank.replica(STRATEGY, own))
        opened = stack.enter_context(bank.replica(STRATEGY))
        tokens = itertools.cycle(issuer.tokens([f"caller-{number}" for number in range(TOKENS)], SCOPES))
        accounts = pairs_of_accounts()

        def per_s(url: str, request: Callable[[], bytes]) -> float:
            sent = closed_loop(url, request, connections=CALLERS, seconds=seconds)
            if set(sent.statuses) != {"201"}:
                raise RuntimeError(f"not every transfer was made: {sent.statuses}")
            return sent.per_s

        ask_guarded = lambda: per_s(guarded, lambda: transfer_request(accounts, next(tokens)))  # noqa: E731  - two of a kind
        ask_opened = lambda: per_s(opened, lambda: transfer_request(accounts))  # noqa: E731  - the same
        ask_guarded()
        ask_opened()
        return [
            Measured(
                bench="access-transfers",
                unit="transfers/s",
                compares=(
                    f"Transfers through HTTP by `{STRATEGY}` with {CALLERS} connections: ours by a replica that "
                    f"verifies the tokens of {TOKENS:,} callers; peer one that takes everybody for the same. "
                    "Both tell their audit log."
                ),
                pairs=alternate(ask_guarded, ask_opened, pairs),
                bar=0.9,
                figures={
                    "a token's first verification, µs": ", ".join(
                        f"{algorithm}: {first_us(issuer, algorithm, 500):.0f}" for algorithm in ("EdDSA", "ES256")
                    )
                },
            )
        ]


if __name__ == "__main__":
    bench_main(__file__, measure)
