"""What a link costs while it breaks nothing: PostgreSQL directly, and through a link, in pairs.

    .venv/bin/python platform/bench/link.py --json FILE [--quick]

``pairs`` are ``SELECT 1`` round trips a second of one session, through the link and directly. One pair is two batches,
one right after the other; the order alternates from pair to pair, so that neither side always meets the warmer machine.
``bulk`` is the same of the bytes that a session reads by COPY, in MB (10⁶ bytes) a second. ``ratio`` is the geometric
mean over the pairs, ``ratio_ci95`` its interval by bootstrap. ``added_us`` is what a round trip takes longer, median
over the pairs. The link and the server share the machine with the client.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from trivet_platform import Link, Postgres, Supervisor

Session = psycopg.Connection[tuple[object, ...]]
_RESAMPLES = 2000
_WHY = "a cost that is stated, not a race: no peer is to be beaten, and the lab compares variants through equal links"


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


def measure(take: Callable[[Session], float], ours: Session, peer: Session, pairs: int) -> list[list[float]]:
    """Return pairs of (through the link, directly), the first of each pair alternating."""
    for session in (ours, peer):
        take(session)  # warms both; not counted
    found = []
    for number in range(pairs):
        first, second = (ours, peer) if number % 2 else (peer, ours)
        values = {id(session): take(session) for session in (first, second)}
        found.append([values[id(ours)], values[id(peer)]])
    return found


def ratio(pairs: Sequence[Sequence[float]]) -> tuple[float, list[float]]:
    """Return the geometric mean of ours / peer, and its 95 % interval by bootstrap over the pairs."""
    ratios = [ours / peer for ours, peer in pairs]
    dice = random.Random(0)  # noqa: S311  - resamples, protects nothing
    means = sorted(statistics.geometric_mean(dice.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLES))
    low, high = means[int(_RESAMPLES * 0.025)], means[int(_RESAMPLES * 0.975)]
    return statistics.geometric_mean(ratios), [round(low, 4), round(high, 4)]


def figures(unit: str, pairs: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Return the part of the file that pairs decide."""
    mean, interval = ratio(pairs)
    medians = [statistics.median(side) for side in zip(*pairs, strict=True)]
    return {
        "unit": unit,
        "ours": round(medians[0], 1),
        "peer": round(medians[1], 1),
        "pairs": [[round(value, 1) for value in pair] for pair in pairs],
        "ratio": round(mean, 4),
        "ratio_ci95": interval,
    }


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """Return the commit of the checkout, or None outside one."""
    words = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    return done.stdout.strip() or None


def run(*, quick: bool) -> dict[str, Any]:
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
            trip_pairs = measure(lambda session: round_trips_per_s(session, trips), ours, peer, pairs)
            bulk_pairs = measure(lambda session: megabytes_per_s(session, rows), ours, peer, pairs)
        counts = link.counts()
    added_us = statistics.median(1e6 / through - 1e6 / direct for through, direct in trip_pairs)
    return {
        "schema": 1,
        "bench": "link",
        **figures("round trips/s", trip_pairs),
        "machine": machine(),
        "commit": commit(),
        "bar": None,
        "aim": None,
        "met": None,
        "why": _WHY,
        "added_us": round(added_us, 1),
        "bulk": figures("MB/s", bulk_pairs),
        "link_counts": counts,
    }


def main() -> None:
    """Measure, write the file, and say the figures."""
    parser = argparse.ArgumentParser(description="What a link costs while it breaks nothing.")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="few and short batches: shows that it works")
    arguments = parser.parse_args()
    found = run(quick=arguments.quick)
    arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    for part, extra in ((found, f"; a round trip takes {found['added_us']} µs more"), (found["bulk"], "")):
        low, high = part["ratio_ci95"]
        print(
            f"{part['ours']:g} {part['unit']} through a link, {part['peer']:g} directly: "
            f"{part['ratio']:.2f} of it (95 %: {low:.2f} to {high:.2f}){extra}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
