"""A failpoint acts at its hit, in a lab, once; a specification that cannot be right refuses to start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet_chassis import FailpointError, SettingsError, configure_failpoints, failpoint, failpoints, reach
from trivet_chassis.failpoints import HIT_MAX, PAUSE_MS_MAX, Fail, Kill, Pause, Trigger, parse_failpoints

KNOWN = {"shop.order.before_commit": "nothing lasts", "shop.order.after_commit": "it lasts"}
BEFORE, AFTER = KNOWN

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hits = st.integers(1, HIT_MAX)
actions = st.one_of(st.just(Kill()), st.just(Fail()), st.builds(Pause, st.integers(1, PAUSE_MS_MAX)))
triggers = st.builds(Trigger, st.sampled_from(sorted(KNOWN)), actions, hits)
plans = st.lists(triggers, min_size=1, unique_by=lambda trigger: (trigger.name, trigger.hit))


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    configure_failpoints(None, None, KNOWN)


def raised_at(*names: str) -> list[int]:
    """Return at which of these moments, counted from 1, an error was raised."""

    async def all_of_them() -> list[int]:
        raised = []
        for number, name in enumerate(names, 1):
            try:
                await failpoint(name)
            except FailpointError:
                raised.append(number)
        return raised

    return asyncio.run(all_of_them())


@CALM
@given(plans)
def test_what_is_spelt_is_read(plan: list[Trigger]) -> None:
    assert parse_failpoints(" , ".join(map(str, plan)), KNOWN) == tuple(plan)


@CALM
@given(plans, st.sampled_from(["@", "=", ",", ".", "1", "0", "-", "٣", "\n", "kill"]), st.data())
def test_a_slip_is_refused_or_is_another_plan_that_can_be_spelt(
    plan: list[Trigger], slip: str, data: st.DataObject
) -> None:
    spelt = ",".join(map(str, plan))
    place = data.draw(st.integers(0, len(spelt)))
    with contextlib.suppress(SettingsError):
        read = parse_failpoints(spelt[:place] + slip + spelt[place:], KNOWN)
        assert parse_failpoints(",".join(map(str, read)), KNOWN) == read


@CALM
@given(st.text())
def test_any_text_is_read_or_refused_with_sentences(text: str) -> None:
    with pytest.raises(SettingsError) as refused:  # none of it has a known name by chance
        parse_failpoints(text, {})
    assert all(fault.startswith("TRIVET_FAILPOINTS ") for fault in refused.value.faults)


def test_the_first_hit_is_meant_unless_another_is_said() -> None:
    assert parse_failpoints(f"{BEFORE}=kill", KNOWN) == (Trigger(BEFORE, Kill(), 1),)
    assert parse_failpoints(f"{BEFORE}=pause:7000@3", KNOWN) == (Trigger(BEFORE, Pause(7000), 3),)


@pytest.mark.parametrize(
    "entry",
    ["", "kill", "=kill", "x=", "x=die", "x=pause", "x=pause:0", "x=pause:1.5", "x=kill@0", "x=kill@", "x=kill:5"],
)
def test_a_malformed_entry_is_told_how_to_be_spelt(entry: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_failpoints(f"{BEFORE}=kill,{entry}", KNOWN)
    (fault,) = refused.value.faults
    assert fault.startswith(f"TRIVET_FAILPOINTS has {entry!r}: it must be name=kill, name=error or name=pause:MS")


def test_an_unknown_name_is_told_the_known_ones_and_all_faults_come_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        configure_failpoints(f"shop.order.after_comit=kill,{AFTER}=kill,{AFTER}=error,what", "a-run", KNOWN)
    unknown, twice, malformed = refused.value.faults
    assert unknown == f"TRIVET_FAILPOINTS names shop.order.after_comit, which is not here; here are {BEFORE}, {AFTER}"
    assert twice == f"TRIVET_FAILPOINTS has hit 1 of {AFTER} twice: one of them must go"
    assert "'what'" in malformed
    assert raised_at(BEFORE, AFTER) == []


def test_the_hits_that_were_asked_for_act_and_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    configure_failpoints(f"{AFTER}=error@2,{AFTER}=error@4,{BEFORE}=error@9", "a-run", KNOWN)
    assert raised_at(AFTER, BEFORE, AFTER, AFTER, AFTER, AFTER, BEFORE) == [3, 5]
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line["event"], line["name"], line["action"], line["hit"], line["pid"]) for line in told] == [
        ("failpoint", AFTER, "error", hit, os.getpid()) for hit in (2, 4)
    ]


@pytest.mark.parametrize("spec", [f"{AFTER}=error", "not even a specification", None])
def test_without_a_lab_nothing_is_armed_or_read(spec: str | None) -> None:
    configure_failpoints(f"{AFTER}=error", "a-run", KNOWN)
    configure_failpoints(spec, None, KNOWN)
    assert raised_at(AFTER) == []


class SlowlyCounted(dict[str, int]):
    """Hits between whose reading and writing there is time for another thread."""

    def get(self, name: str, default: Any = None) -> Any:
        read = super().get(name, default)
        time.sleep(0.001)
        return read


def test_threads_that_race_have_a_hit_each_and_an_entry_acts_once(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, times = 2, 25
    configure_failpoints(",".join(f"{AFTER}=error@{hit}" for hit in range(1, 100)), "a-run", KNOWN)
    monkeypatch.setattr(failpoints._armed, "hits", SlowlyCounted())
    together, raised = threading.Barrier(threads), [0] * threads

    def work(number: int) -> None:
        together.wait()
        for _ in range(times):
            try:
                reach(AFTER)
            except FailpointError:
                raised[number] += 1

    racing = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    told = [json.loads(line)["hit"] for line in capfd.readouterr().out.splitlines()]
    assert sorted(told) == list(range(1, threads * times + 1))
    assert raised == [times] * threads


def test_a_coroutine_and_a_thread_count_together() -> None:
    configure_failpoints(f"{AFTER}=error@3", "a-run", KNOWN)
    reach(AFTER)
    assert raised_at(AFTER, AFTER) == [2]


PROGRAM = """
import asyncio, sys
from trivet_chassis import configure_failpoints, failpoint
configure_failpoints(sys.argv[1], "a-run", {"shop.order.after_commit": "it lasts"})
asyncio.run(failpoint("shop.order.after_commit"))
print("went on")
"""


def process(action: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", PROGRAM, f"{AFTER}={action}"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_is_gone_at_once_and_has_told_why() -> None:
    with process("kill") as killed:
        assert killed.stdout is not None
        (line,) = killed.stdout.read().splitlines()
    assert killed.returncode == -signal.SIGKILL
    assert (json.loads(line)["action"], json.loads(line)["pid"]) == ("kill", killed.pid)


@pytest.mark.parametrize("ms", [1, 300])
def test_a_paused_process_really_stops_and_goes_on_by_itself(ms: int) -> None:
    with process(f"pause:{ms}") as paused:
        assert os.WIFSTOPPED(os.waitpid(paused.pid, os.WUNTRACED)[1])
        assert paused.stdout is not None
        line, rest = paused.stdout.read().splitlines()
    assert (json.loads(line)["action"], rest, paused.returncode) == (f"pause:{ms}", "went on", 0)


def test_a_paused_process_that_is_woken_early_goes_on_and_one_that_is_killed_leaves_nobody() -> None:
    with process("pause:600000") as woken, process("pause:600000") as killed:
        for each in (woken, killed):
            assert os.WIFSTOPPED(os.waitpid(each.pid, os.WUNTRACED)[1])
        woken.send_signal(signal.SIGCONT)
        killed.kill()
        assert woken.stdout is not None
        assert killed.stdout is not None
        # Its waker has the same stdout, so reading comes to an end only when nobody of the two is left.
        assert woken.stdout.read().endswith("went on\n")
        assert "went on" not in killed.stdout.read()


THREADS = """
import sys, threading, time
from trivet_chassis import configure_failpoints, reach
configure_failpoints(sys.argv[1], "a-run", {"shop.order.after_commit": "it lasts"})

def order():
    for _ in range(20):
        reach("shop.order.after_commit")
    print("went on", flush=True)

def spin():
    while ordering.is_alive():
        pass

ordering = threading.Thread(target=order)
ordering.start()
threading.Thread(target=spin, daemon=True).start()
ordering.join()
"""


def test_a_process_that_a_thread_pauses_stops_whole_and_always_goes_on() -> None:
    plan = ",".join(f"{AFTER}=pause:1@{hit}" for hit in range(1, 21))
    with subprocess.Popen([sys.executable, "-c", THREADS, plan], stdout=subprocess.PIPE, text=True) as paused:
        try:
            assert os.WIFSTOPPED(os.waitpid(paused.pid, os.WUNTRACED)[1])
            said, _ = paused.communicate(timeout=30)
        finally:
            paused.kill()
    assert paused.returncode == 0
    assert said.endswith("went on\n")
    assert said.count('"event":"failpoint"') == 20


def test_a_thread_can_end_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS, f"{AFTER}=kill@2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert "went on" not in done.stdout


def test_what_was_told_before_a_failpoint_is_written_before_it() -> None:
    program = """
from trivet_chassis import configure_failpoints, reach
from trivet_chassis.logs import tell_line

configure_failpoints("here=kill", "lab", {"here": "now"})
for number in range(1000):
    tell_line("told", "info", "", {"number": number})
reach("here")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    *told, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["number"] for line in told] == list(range(1000))
    assert last["event"] == "failpoint"
