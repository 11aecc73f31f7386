"""What a link costs while it breaks nothing: PostgreSQL directly, and through a link, in pairs.

    ./trivet bench link [--quick]

``link`` is ``SELECT 1`` round trips a second of one session, ``link-bulk`` the MB (10⁶ bytes) a second that a session
reads by COPY. The link and the server share the machine with the client.
"""

from __future__ import annotations

import functools
import statistics
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from trivet_lab.bench import Measured, alternate, bench_main
from trivet_platform import Link, Postgres, Supervisor

Session = psycopg.Connection[tuple[object, ...]]
WHY = "a cost that is stated, no race: there is no peer to beat, and the lab compares variants through equal links."


def round_trips_per_s(session: Session, count: int) -> float:
    """Return how many ``SELECT 1`` one session does in a second."""
    started = time.perf_counter()
    for _ in range(count):
        session.execute("SELECT 1")
    return count / (time.perf_counter() - started)


def megabytes_per_s(session: Session, rows: int) -> float:
    """Return how fast one session reads rows of 64 kB: large, so that the client's own work a row weighs little."""
    size = 0
    statement = sql.SQL("COPY (SELECT repeat('x', 64000) FROM generate_series(1, {})) TO STDOUT").format(rows)
    started = time.perf_counter()
    with session.cursor().copy(statement) as copy:
        for block in copy:
            size += len(block)
    return size / 1e6 / (time.perf_counter() - started)


def measure(*, quick: bool) -> list[Measured]:
    """Start a PostgreSQL and a link, and measure."""
    pairs, trips, rows = (6, 300, 300) if quick else (30, 2000, 4000)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        postgres = Postgres()
        supervisor.start(postgres)
        link = Link("link", f"127.0.0.1:{postgres.port}")
        supervisor.start(link)
        with (
            psycopg.connect(postgres.url(), port=link.port, autocommit=True) as ours,
            psycopg.connect(postgres.url(), autocommit=True) as peer,
        ):
            trip_pairs, bulk_pairs = (
                alternate(functools.partial(take, ours, size), functools.partial(take, peer, size), pairs)
                for take, size in ((round_trips_per_s, trips), (megabytes_per_s, rows))
            )
        counts = link.counts()
    added_us = statistics.median(1e6 / through - 1e6 / direct for through, direct in trip_pairs)
    return [
        Measured(
            bench="link",
            unit="round trips/s",
            compares=f"{trips:,} `SELECT 1` of one session: ours through a link that breaks nothing, peer directly.",
            pairs=trip_pairs,
            why=WHY,
            figures={"a round trip through the link takes longer by, µs": round(added_us, 1)},
        ),
        Measured(
            bench="link-bulk",
            unit="MB/s",
            compares=f"{rows:,} rows of 64 kB that one session reads by COPY: ours through the link, peer directly.",
            pairs=bulk_pairs,
            why=WHY,
            figures={f"{what} by the link": counts[what] for what in ("bytes", "cut", "dropped")},
        ),
    ]


if __name__ == "__main__":
    bench_main(__file__, measure)
