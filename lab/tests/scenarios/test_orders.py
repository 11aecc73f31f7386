"""A crowd that orders, decided before anything starts; how the scenario waits for rest, and what it reads then."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import psycopg
import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import SCENE, Operation, VariantDirectory, encode_operation, read_history
from trivet_lab.load import Ordering
from trivet_lab.members import Standing, find_members
from trivet_lab.scenarios import find_scenarios, orders
from trivet_lab.scenarios.orders import Parameters, plan_of
from trivet_lab.scene import Told, own
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Stage
from trivet_lab.verdict import count_orders

SCENARIO = find_scenarios()["orders"]
CHAPTER_LOAD_S_MAX = 12
EDGE = "http://127.0.0.1:1"
REST, BUSY = Standing(0, 0), Standing(3, 5)


def cue_of(path: Path, **fields: Any) -> Any:
    stage = Stage("outbox", EDGE, 0, [], {"order": "postgresql://reader"}, {})
    return SimpleNamespace(**{"stage": stage, "seed": 7, "directory": VariantDirectory(path), "outage_s": 6.5} | fields)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a clock that goes only while somebody waits."""
    time = SimpleNamespace(now=0.0)
    time.monotonic = lambda: time.now
    time.monotonic_ns = lambda: int(time.now * 1e9)

    def sleep(seconds: float) -> None:
        time.now += seconds

    time.sleep = sleep
    monkeypatch.setattr(orders, "time", time)
    monkeypatch.setattr(own, "time", time)
    return time


def waits(monkeypatch: pytest.MonkeyPatch, *told: Standing | psycopg.Error) -> None:
    """Wait for rest while this is told, the last of it for ever."""
    left = list(told)

    def ask(_member: object, reader: str) -> Standing:
        assert reader == "postgresql://reader"
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, psycopg.Error):
            raise now
        return now

    monkeypatch.setattr(orders, "standing_of", ask)
    orders.come_to_rest(cue_of(Path("nowhere")), find_members(lab_settings().root)["inventory"])


def test_its_crowd_is_a_plan_of_the_size_that_was_asked() -> None:
    plan = plan_of(cue_of(Path("nowhere")), Parameters(people=9, duration=20, rate=10))
    assert plan.errand == Ordering(customers=9)
    assert plan.duration_s == pytest.approx(20)
    assert plan.drain_ms == 16_500
    expected = sum(
        phase.duration_s
        * (phase.rate_per_s + (phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s))
        / 2
        for phase in plan.phases
    )
    assert expected == pytest.approx(20 * 10)


def test_it_waits_until_nothing_is_under_way(monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace) -> None:
    waits(monkeypatch, BUSY, psycopg.OperationalError("away"), Standing(0, 1), REST)
    assert clock.now == pytest.approx(3 * orders.REST_EVERY_S)


@pytest.mark.parametrize("told", [BUSY, Standing(0, 1), Standing(1, 0), psycopg.OperationalError("away")])
def test_it_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace, told: Standing | psycopg.Error
) -> None:
    waits(monkeypatch, told)
    assert clock.now == pytest.approx(6.5 + orders.REST_S_MAX, abs=1)


def ordered(number: int, outcome: Any = "ok") -> bytes:
    args = {"customer_id": f"customer-{number % 3}", "account_id": "a", "lines": []}
    value = {"id": f"o-{number:03}"} if outcome == "ok" else None
    attempt = {"call_ns": number, "return_ns": number + 1, "status": 202 if outcome == "ok" else 0}
    return encode_operation(
        msgspec.convert(
            {"op": number, "client": 1, "f": "order", "args": args, "key": f"k-{number}", "outcome": outcome}
            | {"value": value, "attempts": [attempt]},
            Operation,
        )
    )


def test_at_rest_some_timelines_are_read_by_their_customers_whatever_is_answered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: SimpleNamespace
) -> None:
    del clock
    asked: list[tuple[str, str, str | None]] = []

    def ask(method: str, url: str, _: object = None, *, token: str | None = None) -> Told:
        asked.append((method, url.removeprefix(EDGE), token))
        return Told(404, {"code": "not-found"}, "one") if "o-000" in url else Told(200, {"entries": []}, "one")

    monkeypatch.setattr(own, "ask", ask)
    monkeypatch.setattr(Stage, "tokens", lambda _, whose, __: {who: f"token of {who}" for who in whose})
    cue = cue_of(VariantDirectory(tmp_path).create().path)
    cue.directory.history.write_bytes(b"".join(map(ordered, range(90))) + ordered(90, "unknown"))
    orders.read_at_rest(cue)
    assert len(asked) == orders.READ_AT_REST_MAX
    assert asked[0] == ("GET", "/orders/o-000/timeline", "token of customer-0")
    own_operations = [each for each in read_history(cue.directory.history) if each.client == SCENE]
    assert [each.f for each in own_operations] == ["timeline"] * len(asked)
    assert all(each.args["rest"] for each in own_operations)
    assert own_operations[0].outcome == "fail"
    assert {each.outcome for each in own_operations[1:]} == {"ok"}


def test_its_rules_are_checkers() -> None:
    assert set(SCENARIO.checkers) <= set(all_checkers())
    [outbox] = SCENARIO.variants
    assert (outbox.expected, outbox.lab, outbox.breaks) == ("valid", False, frozenset())


def test_its_chapter_is_short() -> None:
    assert SCENARIO.chapter is not None
    assert SCENARIO.chapter.place == 6
    assert SCENARIO.load_s(SCENARIO.chapter.parameters) <= CHAPTER_LOAD_S_MAX


def test_what_was_not_told_is_counted(tmp_path: Path) -> None:
    directory = VariantDirectory(tmp_path).create()
    assert count_orders(directory) == {}, "no ledger, no figure"
    directory.ledger("order.orders").write_text('{"order_id":"a"}\n{"order_id":"b"}\n')
    directory.ledger("order.outbox").write_text('{"event_id":"1"}\n{"event_id":"2"}\n{"event_id":"3"}\n')
    assert count_orders(directory) == {}, "nobody read the topic"
    line = '{"partition":0,"offset":%d,"at_ms":0,"key":null,"value":null,"headers":[["event-id","%d"]]}\n'
    directory.topic("order.events").write_text(line % (0, 1) + line % (1, 1) + line % (2, 3))
    assert count_orders(directory) == {"ordered": 2, "untold": 1}
    directory.topic("order.events").write_text("{")
    assert count_orders(directory) == {}
