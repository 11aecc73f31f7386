"""A projector dies at every moment of a batch; after its restart the timeline has each event of the topic once."""

from __future__ import annotations

import asyncio
import json

import pytest
from order_events import seeded, told
from projector_bench import Bench, events_of

from trivet_order.failpoints import FAILPOINTS
from trivet_platform import Program, Supervisor

MOMENTS = [name for name in FAILPOINTS if name.startswith("order.projector.")]
HITS = (1, 2, 4)
CASES = [(name, hit) for name in MOMENTS for hit in HITS]
_random = seeded(3)
SAMPLE = [(name, _random.choice(HITS)) for name in _random.sample(MOMENTS, 2)]


def _evidence(supervisor: Supervisor, program: Program) -> list[tuple[str, str, int]]:
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if '"event":"failpoint"' in line]
    return [(line["name"], line["action"], line["hit"]) for line in lines]


def _die_and_come_back(bench: Bench, supervisor: Supervisor, name: str, hit: int) -> None:
    messages = events_of(seeded(hit), orders=12)
    victim = bench.start(TRIVET_FAILPOINTS=f"{name}=kill@{hit}")
    # Half of it before the end of the first process, half after the beginning of the second one.
    asyncio.run(bench.send(messages[: len(messages) // 2]))
    while victim.pids:
        asyncio.run(bench.send(messages[:1]))  # a relay that repeats itself, and a batch more for a later hit
    assert _evidence(supervisor, victim) == [(name, "kill", hit)]
    second = bench.start()
    asyncio.run(bench.send(messages[len(messages) // 2 :]))
    bench.until_arrived(messages)
    bench.until(lambda: not asyncio.run(bench.unsettled()))
    supervisor.stop(second)
    assert bench.written(messages) == told(messages)
    assert not bench.parked()


@pytest.mark.parametrize(("name", "hit"), SAMPLE)
def test_a_projector_that_died_has_lost_and_repeated_nothing(
    bench: Bench, supervisor: Supervisor, name: str, hit: int
) -> None:
    _die_and_come_back(bench, supervisor, name, hit)


@pytest.mark.long
@pytest.mark.parametrize(("name", "hit"), [case for case in CASES if case not in SAMPLE])
def test_a_projector_that_died_at_any_moment_has_lost_and_repeated_nothing(
    bench: Bench, supervisor: Supervisor, name: str, hit: int
) -> None:
    _die_and_come_back(bench, supervisor, name, hit)


@pytest.mark.long
def test_an_error_at_every_moment_is_only_another_try(bench: Bench, supervisor: Supervisor) -> None:
    messages = events_of(seeded(1), orders=8)
    program = bench.start(TRIVET_FAILPOINTS=",".join(f"{name}=error" for name in MOMENTS))
    for message in messages:
        asyncio.run(bench.send([message]))
    bench.until(lambda: len(_evidence(supervisor, program)) == len(MOMENTS))
    bench.until_arrived(messages)
    bench.until(lambda: not asyncio.run(bench.unsettled()))
    assert bench.written(messages) == told(messages)


def test_a_projector_that_is_told_to_end_ends_its_batch_and_commits_it(bench: Bench, supervisor: Supervisor) -> None:
    messages = events_of(seeded(2), orders=2)
    program = bench.start(TRIVET_FAILPOINTS="order.projector.before_commit=pause:1500")
    asyncio.run(bench.send(messages[:1]))
    bench.until(lambda: _evidence(supervisor, program))
    supervisor.stop(program)  # wakes it, and tells it to end
    assert bench.written(messages) == told(messages[:1])
    assert not asyncio.run(bench.unsettled())
