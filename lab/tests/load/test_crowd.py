"""The crowd's end, with answers that come exactly when the test says."""

import asyncio
import itertools
import os
import time

import msgspec
import pytest

from trivet_lab.evidence import Attempt, VariantDirectory, read_history
from trivet_lab.load import Phase
from trivet_lab.load.backoff import Backoff
from trivet_lab.load.crowd import Crowd
from trivet_lab.load.progress import Progress
from trivet_lab.load.recorder import Recorder
from trivet_lab.load.reply import Reply
from trivet_lab.load.schedule import schedule


class Wire:
    """Answers every attempt with one status, as soon as it is let; counts them."""

    def __init__(self, status, code):
        self.status, self.code = status, code
        self.asked = 0
        self.all_asked = asyncio.Event()
        self.let = asyncio.Event()

    async def attempt(self, intent, _number):
        self.asked += 1
        if self.asked == 4:
            self.all_asked.set()
        await self.let.wait()
        now_ns = time.monotonic_ns()
        return Reply(Attempt(now_ns, now_ns, self.status, self.code, None, intent.key), {}, 3600.0)


@pytest.fixture
def stage(plan, tmp_path):
    def make(wire, **fields):
        whole = plan(epoch_ns=0, phases=[Phase("steady", 4, 1)], **fields)
        recorder = Recorder(VariantDirectory(tmp_path / "variant").create(), 0, 0)
        return Crowd(whole, wire, recorder, Backoff(1, 1, 3600, lambda: 1.0), 0), recorder, schedule(whole)

    def outcomes(recorder):
        recorder.close()
        return [operation.outcome for operation in read_history(tmp_path / "variant" / "history.jsonl")]

    return make, outcomes


def test_who_was_only_ever_refused_has_failed_when_the_crowd_ends_before_a_repeat(stage):
    make, outcomes = stage

    async def scene():
        wire = Wire(429, "lock-busy")
        crowd, recorder, intents = make(wire)
        wire.let.set()
        await crowd.send(intents)
        await wire.all_asked.wait()
        await crowd.drain(0)
        return wire, recorder

    wire, recorder = asyncio.run(scene())
    assert (wire.asked, recorder.in_flight) == (4, 0)
    assert outcomes(recorder) == ["fail"] * 4


def test_after_a_stop_answers_are_heard_and_nothing_is_sent(stage):
    make, outcomes = stage

    async def scene():
        wire = Wire(500, "internal")
        crowd, recorder, intents = make(wire)
        await crowd.send(itertools.islice(intents, 4))
        await wire.all_asked.wait()
        stopping = asyncio.create_task(crowd.stop(3600))
        await asyncio.sleep(0)
        wire.let.set()
        await stopping
        return wire, recorder

    wire, recorder = asyncio.run(scene())
    assert (wire.asked, recorder.in_flight) == (4, 0)
    assert outcomes(recorder) == ["unknown"] * 4


def test_after_a_stop_who_waits_for_a_connection_does_not_get_it(stage):
    make, outcomes = stage

    async def scene():
        wire = Wire(200, None)
        crowd, recorder, intents = make(wire, connections_max=1)
        await crowd.send(intents)
        stopping = asyncio.create_task(crowd.stop(3600))
        await asyncio.sleep(0)
        wire.let.set()
        await stopping
        return wire, recorder

    wire, recorder = asyncio.run(scene())
    assert (wire.asked, recorder.begun, recorder.in_flight) == (1, 4, 0)
    assert outcomes(recorder) == ["ok"]


def test_who_was_never_begun_is_not_under_way(stage):
    make, outcomes = stage

    async def scene():
        wire = Wire(200, None)
        crowd, recorder, intents = make(wire)
        await crowd.send(itertools.islice(intents, 3))  # all three are due, and none has had a turn
        await crowd.drain(0)
        return recorder

    recorder = asyncio.run(scene())
    assert (recorder.begun, recorder.in_flight) == (3, 0)
    assert outcomes(recorder) == []


def test_a_defect_of_the_crowds_own_is_raised_and_not_swallowed(stage):
    make, _ = stage

    class Broken:
        async def attempt(self, *_):
            raise ZeroDivisionError

    async def scene():
        crowd, _, intents = make(Broken())
        await crowd.send(intents)
        await crowd.drain(3600)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scene())


def test_a_reader_that_does_not_read_loses_lines_and_holds_nothing_back(stage):
    make, _ = stage
    _, recorder, _ = make(None)
    reading, writing = os.pipe()
    try:
        progress = Progress(writing)
        for second in range(5_000):
            progress.say(recorder, second)
        assert progress.has_reader
        said = os.read(reading, 1 << 20).splitlines()
        assert 0 < len(said) < 5_000
        first = {"at_s": 0.0, "sent": 0, "ok": 0, "refused": 0, "unknown": 0, "in_flight": 0}
        assert msgspec.json.decode(said[0]) == first
        os.close(reading)
        progress.say(recorder, 0)
        assert not progress.has_reader
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    ("script", "asked", "outcome"),
    [
        ([(0, "timeout"), *[(429, "lock-busy")] * 20, (200, None)], 22, "ok"),
        ([*[(429, "lock-busy")] * 20, (200, None)], 2, "fail"),
    ],
    ids=["in_doubt_it_asks_until_a_stored_answer_comes", "only_refused_it_gives_up"],
)
def test_how_often_it_asks_depends_on_what_was_lost(stage, script, asked, outcome):
    make, outcomes = stage

    class Scripted(Wire):
        async def attempt(self, intent, number):
            self.status, self.code = script[self.asked]
            return await super().attempt(intent, number)

    async def scene():
        wire = Scripted(0, None)
        crowd, recorder, intents = make(wire, attempts_max=2, doubt_attempts_max=100)
        crowd._backoff = Backoff(1, 1, 0, lambda: 0.0)
        wire.let.set()
        await crowd.send(itertools.islice(intents, 1))
        await crowd.drain(3600)
        return wire, recorder

    wire, recorder = asyncio.run(scene())
    assert wire.asked == asked
    assert outcomes(recorder) == [outcome]


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(0, "timeout", "unknown"), (429, "rate-limited", "fail"), (403, "forbidden", "fail"), (200, None, "ok")],
)
def test_what_nobody_pursues_is_sent_once_whatever_is_answered(stage, status, code, outcome):
    make, outcomes = stage

    async def scene():
        wire = Wire(status, code)
        crowd, recorder, intents = make(wire, attempts_max=3, doubt_attempts_max=3)
        crowd._backoff = Backoff(1, 1, 0, lambda: 0.0)
        wire.let.set()
        [intent] = itertools.islice(intents, 1)
        request = msgspec.structs.replace(intent.request, once=True)
        await crowd.send(iter([msgspec.structs.replace(intent, request=request)]))
        await crowd.drain(3600)
        return wire, recorder

    wire, recorder = asyncio.run(scene())
    assert wire.asked == 1
    assert outcomes(recorder) == [outcome]
