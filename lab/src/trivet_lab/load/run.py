"""A whole crowd, from its plan to its summary: the only place where the parts of the generator meet."""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import signal
import sys
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path

from trivet_lab.evidence import VariantDirectory
from trivet_lab.latency import Histogram
from trivet_lab.load.backoff import Backoff
from trivet_lab.load.client import Client
from trivet_lab.load.crowd import Crowd
from trivet_lab.load.plan import Plan
from trivet_lab.load.progress import Progress
from trivet_lab.load.recorder import Recorder
from trivet_lab.load.schedule import schedule
from trivet_lab.load.summary import Summary, over_budget, quantiles_ms, write_summary
from trivet_lab.load.tokens import Tokens

_GRACE_S_MAX = 2.0  # what is on the wire when a signal arrives has so long to be answered


async def run(plan: Plan, tokens: Tokens) -> Summary:
    """Send the plan's crowd with these tokens and return what became of it; it is written down as well."""
    directory = VariantDirectory(Path(plan.directory)).create()
    _allow_connections(plan.connections_max)
    _spare_the_collector()
    begin_ns = max(0, time.monotonic_ns() - plan.epoch_ns)
    recorder = Recorder(directory, plan.epoch_ns, begin_ns)
    try:
        async with Client(plan, tokens) as client:
            crowd = Crowd(plan, client, recorder, _backoff(plan), begin_ns)
            conductor = Conductor(plan, crowd, recorder, begin_ns)
            summary = await conductor.conduct()
    finally:
        recorder.close()
    write_summary(directory.load, summary)
    return summary


class Conductor:
    """Takes a crowd through sending and draining, a line a second, and ends it early if a signal says so."""

    def __init__(self, plan: Plan, crowd: Crowd, recorder: Recorder, begin_ns: int) -> None:
        self._plan = plan
        self._crowd = crowd
        self._recorder = recorder
        self._begin_ns = begin_ns
        self._progress = Progress(sys.stdout.fileno())
        self._interrupted = asyncio.Event()

    async def conduct(self) -> Summary:
        """Send, drain or stop, and sum up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._interrupted.set)
        ticking = asyncio.create_task(self._tick())
        began_cpu_s = time.process_time()
        try:
            await self._unless_interrupted(self._crowd.send(schedule(self._plan)), ticking)
            sending_s = max(1e-9, (self._now_ns() - self._begin_ns) / 1e9)
            cpu_share = (time.process_time() - began_cpu_s) / sending_s
            await self._unless_interrupted(self._crowd.drain(self._plan.drain_ms / 1000), ticking)
            if self._interrupted.is_set():
                await self._crowd.stop(min(_GRACE_S_MAX, self._plan.timeout_ms / 1000))
        finally:
            ticking.cancel()
        return self._sum_up(cpu_share)

    async def _unless_interrupted(self, stage: Coroutine[None, None, None], ticking: asyncio.Task[None]) -> None:
        """Run a stage to its end or to the first signal; a defect in it, or in the ticking, is raised."""
        staged = asyncio.create_task(stage)
        interruption = asyncio.create_task(self._interrupted.wait())
        await asyncio.wait({staged, interruption, ticking}, return_when=asyncio.FIRST_COMPLETED)
        for task in (staged, interruption):
            task.cancel()
        await asyncio.wait({staged, interruption})
        for task in (staged, ticking):
            if task.done() and not task.cancelled():
                task.result()

    async def _tick(self) -> None:
        ticks = 0
        while True:
            ticks += 1
            await asyncio.sleep(max(0.0, ticks - (self._now_ns() - self._begin_ns) / 1e9))
            self._say()

    def _say(self) -> None:
        now_ns = self._now_ns()
        self._recorder.tick(now_ns)
        self._progress.say(self._recorder, (now_ns - self._begin_ns) / 1e9)
        if not self._progress.has_reader:  # whoever started this is gone: a crowd without an owner ends
            self._interrupted.set()

    def _sum_up(self, cpu_share: float) -> Summary:
        interrupted = self._interrupted.is_set()
        self._say()
        recorder, whole, plan = self._recorder, self._recorder.whole, self._plan
        lateness_ms = quantiles_ms(recorder.lateness)
        unsent = 0 if interrupted else recorder.begun - whole.sent - whole.left_out.total()
        return Summary(
            operations=recorder.begun,
            sent=whole.sent,
            attempts=whole.attempts,
            ended=dict(whole.ended),
            outcomes=dict(whole.statuses),
            left_out=dict(whole.left_out),
            lateness_ms=lateness_ms,
            latency_ms=quantiles_ms(_together(recorder, plan.errand.MAIN)),
            latency_sent_ms=quantiles_ms(_together(recorder, [f"{f}.sent" for f in plan.errand.MAIN])),
            cpu_share=cpu_share,
            over_budget=over_budget(
                lateness_ms_p99=lateness_ms.p99,
                lateness_budget_ms=plan.lateness_budget_ms,
                cpu_share=cpu_share,
                cpu_budget=plan.cpu_budget,
                unsent=unsent,
            ),
            interrupted=interrupted,
            started_ns=self._begin_ns,
            ended_ns=self._now_ns(),
            in_flight_max=recorder.in_flight_max,
            series=recorder.series,
        )

    def _now_ns(self) -> int:
        return time.monotonic_ns() - self._plan.epoch_ns


def _together(recorder: Recorder, names: Iterable[str]) -> Histogram:
    """Return the latency of several operations in one."""
    whole = Histogram()
    for name in names:
        if name in recorder.latency:
            whole.merge(recorder.latency[name])
    return whole


def _backoff(plan: Plan) -> Backoff:
    jitter = random.Random(f"{plan.seed}:backoff")  # noqa: S311  - waits must be spread, not secret
    return Backoff(
        first_s=plan.backoff_ms / 1000,
        longest_s=plan.backoff_ms_max / 1000,
        retry_after_s_max=plan.retry_after_ms_max / 1000,
        random=jitter.random,
    )


def _allow_connections(wanted: int) -> None:
    """Raise the soft limit of open files towards what a crowd needs; a hard limit below it shows as lateness."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + 64
    if soft != resource.RLIM_INFINITY and soft < needed:
        top = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))


def _spare_the_collector() -> None:
    """Keep the garbage collector from walking what lives as long as the process, which would delay sending."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
