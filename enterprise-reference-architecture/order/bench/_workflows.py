"""The peer: DBOS with a workflow of three steps that do nothing.

    python _workflows.py URL NAME

Each workflow is called by one of so many threads, directly, which is the fastest way that DBOS has on this machine:
started ones make a handle each, asynchronous ones go through the same threads for each of their statements. It logs
nothing, neither listens nor notifies, and does not look at a connection before it uses it. From "launch" to "rest" it
is launched; at rest none of its own threads runs.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from _telling import heard, tell
from dbos import DBOS, DBOSConfig


@DBOS.step()
def hold(number: int) -> int:
    """Hold nothing."""
    return number


@DBOS.step()
def charge(number: int) -> int:
    """Charge nobody."""
    return number


@DBOS.step()
def confirm(number: int) -> int:
    """Confirm nothing."""
    return number


@DBOS.workflow()
def check_out(number: int) -> int:
    """Take the three steps, each of which is recorded before the next one is taken."""
    return confirm(charge(hold(number)))


def launch(url: str, name: str, threads: int) -> None:
    """Connect, and make the tables that are not there yet."""
    config: DBOSConfig = {
        "name": "bench",
        "executor_id": name,
        "system_database_url": url,
        "sys_db_pool_size": threads,
        "db_engine_kwargs": {"pool_pre_ping": False},
        "use_listen_notify": False,
        "log_level": "ERROR",
        "scheduler_polling_interval_sec": 3600.0,
    }
    DBOS(config=config)
    DBOS.launch()


def main(url: str, name: str) -> None:
    """Do as told."""
    pool = ThreadPoolExecutor(1)
    for told in heard():
        if told["do"] == "launch":
            launch(url, name, told["threads"])
            pool = ThreadPoolExecutor(told["threads"])
            list(pool.map(check_out, range(told["threads"])))  # each thread has its connection then
            tell(launched=True)
        elif told["do"] == "run":
            list(pool.map(check_out, range(told["count"])))
            tell(done=told["count"], at_s=time.monotonic())
        else:
            pool.shutdown()
            DBOS.destroy()
            tell(rested=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
