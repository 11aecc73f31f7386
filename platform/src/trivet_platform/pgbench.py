"""Runs pgbench, which came with the server: the peer of every bench that asks what PostgreSQL itself can do."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from trivet_platform.binaries import postgres_home
from trivet_platform.environment import base_environment
from trivet_platform.errors import PlatformError

_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
_FIGURES = {
    "per_s": r"^tps = ([\d.]+) \(without initial connection time\)$",
    "latency_ms_mean": r"^latency average = ([\d.]+) ms$",
    "transactions": r"^number of transactions actually processed: (\d+)",
    "failed": r"^number of failed transactions: (\d+)",
}


class PgbenchFailed(PlatformError):
    """pgbench ended badly, or a client of it was aborted; the sentence holds what it said."""


@dataclasses.dataclass(frozen=True)
class PgbenchRun:
    """What pgbench counted: transactions a second without the time of connecting, and the mean latency.

    ``failed`` transactions were ended by a deadlock or a serialization failure, after ``tries_max`` tries each; they
    are in no other figure.
    """

    per_s: float
    latency_ms_mean: float
    transactions: int
    failed: int


def run_pgbench(
    url: str,
    script: Path,
    *,
    clients: int,
    seconds: int,
    variables: Mapping[str, int] | None = None,
    tries_max: int = 1,
    seed: int = 0,
) -> PgbenchRun:
    """Run a script in pgbench's language for so many seconds and return what it counted.

    It is a client alone, so that it runs as whoever calls, root included, with the programs of the wheel; the server
    may be any, a copy under another user too. Statements are prepared, as drivers do. The password goes by
    the environment: everybody can read the arguments of a process. No table is vacuumed before.

    Args:
        url: the address of a database, as ``Postgres.url`` returns it.
        script: the file with the transaction.
        clients: sessions that run it at once, on at most as many threads as there are cores.
        seconds: how long, at least 1.
        variables: what the script finds as ``:name``.
        tries_max: how often one transaction is tried that a deadlock or a serialization failure ended.
        seed: of pgbench's random numbers: the same keys in the same order for each client.

    Raises:
        PgbenchFailed: the server was not reached, the script is wrong, or a client was aborted.
    """
    jobs = min(clients, len(os.sched_getaffinity(0)))
    argv = [str(postgres_home() / "bin" / "pgbench"), "--no-vacuum", "--exit-on-abort", "--protocol=prepared"]
    argv += [f"--client={clients}", f"--jobs={jobs}", f"--time={seconds}", f"--file={script}"]
    argv += [f"--max-tries={tries_max}", f"--random-seed={seed}"]
    argv += [f"--define={name}={value}" for name, value in (variables or {}).items()]
    parts = conninfo_to_dict(url)
    environment = base_environment() | {
        variable: str(parts[part]) for part, variable in _VARIABLES.items() if parts.get(part) is not None
    }
    done = subprocess.run(argv, env=environment, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise PgbenchFailed(f"pgbench with {script} ended with {done.returncode}: {done.stderr.strip()}")
    return parse_report(done.stdout)


def parse_report(report: str) -> PgbenchRun:
    """Return the figures of pgbench's report; raises ``PgbenchFailed`` if one is missing."""
    found = {name: re.search(pattern, report, re.MULTILINE) for name, pattern in _FIGURES.items()}
    missing = [name for name, hit in found.items() if hit is None]
    if missing:
        raise PgbenchFailed(f"pgbench did not say {', '.join(missing)}: {report.strip()}")
    figures = {name: hit[1] for name, hit in found.items() if hit is not None}
    return PgbenchRun(
        per_s=float(figures["per_s"]),
        latency_ms_mean=float(figures["latency_ms_mean"]),
        transactions=int(figures["transactions"]),
        failed=int(figures["failed"]),
    )
