"""A worker of checkouts as its process wires it, but for its participants, who are in it and do nothing.

    python _orchestrate.py

It works from "work" to "rest", and tells how many checkouts ended whenever a record with some of them was committed.
At rest it has no shard, no connection and no timer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from _noop import NOBODY
from _telling import heard_beside, tell

from trivet_chassis import run_server
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application.saga import ENDS, Change
from trivet_order.bootstrap import Checkouts, build_checkouts
from trivet_order.entrypoints.collecting import collect_seldom
from trivet_order.entrypoints.saga_watch import SagaWatch
from trivet_order.entrypoints.saga_worker import watch, work
from trivet_order.settings import settings_from_environment

_PATIENCE_S = 30.0


class Telling(SagaWatch):
    """The worker's own observer, which tells who measures too."""

    ends: list[tuple[str, float]]
    """Which order's checkout was known to have ended at what time of day."""

    def holds(self, shards: int) -> None:
        """See SagaObserverPort."""
        super().holds(shards)
        tell(shards=shards)

    def recorded(self, changes: Sequence[Change], seconds: float) -> None:
        """See SagaObserverPort."""
        super().recorded(changes, seconds)
        ended = [change.before.order_id.hex for change in changes if change.after.state in ENDS]
        if ended:
            tell(done=len(ended), at_s=time.monotonic())
            now_s = time.time()
            self.ends += [(order_id, now_s) for order_id in ended]


async def serve(checkouts: Checkouts) -> None:
    """Work and rest as told."""
    watcher = Telling(checkouts.process.registry, checkouts.process.settings.saga_age_alarm_ms)
    working: list[asyncio.Task[None]] = []
    collect_seldom()
    async for told in heard_beside():
        if told["do"] == "work":
            watcher.ends, waiting = [], InterruptibleTime()
            orchestrator = checkouts.orchestrator(NOBODY, waiting, watcher)
            working = [
                asyncio.create_task(work(orchestrator, waiting, _PATIENCE_S)),
                asyncio.create_task(watch(watcher, checkouts.weigh)),
            ]
            continue
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await checkouts.process.database.close()
        tell(rested=True, ends=watcher.ends)


if __name__ == "__main__":
    run_server(serve(build_checkouts(settings_from_environment())))
