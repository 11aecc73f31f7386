"""Counts the statements of one transfer as libpq hears of their ends, in a process of its own; not BEGIN and COMMIT."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def statements_per_transfer(url: str) -> float:
    """Return how many statements one transfer takes by ``select_for_update``."""
    done = subprocess.run([sys.executable, __file__, url], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(url: str) -> None:
    """Settle a transfer on a connection whose every message is written down, and print the count."""
    from django.db import connections  # noqa: PLC0415  - a process that only wants the count imports no Django

    from trivet_wallet import bootstrap  # noqa: PLC0415  - the same
    from trivet_wallet.services.transfers import Transfer  # noqa: PLC0415  - the same
    from trivet_wallet.settings import Settings  # noqa: PLC0415  - the same

    wallet = bootstrap.build(Settings(database_url=url))
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        for number in range(5):  # the first ones prepare their statements
            wallet.teller.settle(Transfer("statements", f"warm-{number}-{id(trace)}", "c-1", "c-2", 1))
        pool = connections["default"].pool
        descriptor = os.open(trace, os.O_CREAT | os.O_WRONLY)  # libpq's from now on
        with pool.connection() as connection:
            connection.pgconn.trace(descriptor)
        wallet.teller.settle(Transfer("statements", f"counted-{id(trace)}", "c-1", "c-2", 1))
        with pool.connection() as connection:
            connection.pgconn.untrace()
        completed = re.findall(r'CommandComplete\t "(?!BEGIN|COMMIT)', trace.read_text())
    connections["default"].close_pool()
    print(len(completed))


if __name__ == "__main__":
    main(sys.argv[1])
