"""A rush for seats, decided before anything starts; what the scenario asks itself, and how it waits for the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import SCENE, VariantDirectory, read_history
from trivet_lab.load import SEATS_MAX, Plan, Seating
from trivet_lab.scenarios import find_scenarios, seat_rush
from trivet_lab.scenarios.seat_rush import Parameters, plan_of, shows_of
from trivet_lab.scene import EdgeError, Told, own
from trivet_lab.topologies import Stage
from trivet_lab.verdict import count_seats

SCENARIO = find_scenarios()["seat-rush"]
LOAD_S_MAX = 15
EDGE = "http://127.0.0.1:1"


def cue_of(path: Path, **fields: Any) -> Any:
    programs: Any = [SimpleNamespace(listen="127.0.0.1:2"), SimpleNamespace(listen=None)]
    stage = Stage("s", EDGE, 0, programs, {}, {})
    return SimpleNamespace(**{"stage": stage, "seed": 7, "directory": VariantDirectory(path), "outage_s": 6.5} | fields)


def map_of(version: str, *states: str) -> Told:
    seats = [{"id": f"front-1-{number}", "state": state} for number, state in enumerate(states, 1)]
    return Told(200, {"version": version, "blocks": [{"name": "front", "seats": seats}]}, "node")


class Office:
    """Answers as it is told, the last answer for ever; counts what was asked."""

    def __init__(self, *answers: Told | EdgeError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []

    def ask(self, method: str, url: str, body: object = None, **_: Any) -> Told:
        self.asked.append((method, url.removeprefix(EDGE), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, EdgeError):
            raise answer
        return answer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a clock that goes only while somebody waits."""
    time = SimpleNamespace(now=0.0)
    time.monotonic = lambda: time.now
    time.monotonic_ns = lambda: int(time.now * 1e9)

    def sleep(seconds: float) -> None:
        time.now += seconds

    time.sleep = sleep
    monkeypatch.setattr(seat_rush, "time", time)
    monkeypatch.setattr(own, "time", time)
    return time


def test_its_crowd_is_a_plan_of_the_size_that_was_asked() -> None:
    asked = Parameters(seats=100, shows=3, duration=20, rate=10, ttl=1.25, mistaken=0.3)
    plan = plan_of(cue_of(Path("nowhere")), asked)
    errand = plan.errand
    assert isinstance(errand, Seating)
    assert [(show.id, show.seats) for show in errand.shows] == [("show-1", 100), ("show-2", 10), ("show-3", 1)]
    assert errand.ttl_ms_max == 1_250
    assert errand.mistaken == 0.3
    assert plan.inside == ("http://127.0.0.1:2",)
    assert plan.duration_s == pytest.approx(20)
    assert plan.drain_ms == 16_500


@pytest.mark.parametrize("seats", [1, 7, 240, SEATS_MAX])
def test_a_hall_of_any_size_can_be_asked_for(seats: int) -> None:
    plan = plan_of(cue_of(Path("nowhere")), Parameters(seats=seats))
    shows = shows_of(Parameters(seats=seats))
    assert plan.errand == Seating(shows=shows, ttl_ms_max=2_000)
    assert sum(len(row) for row in shows[0].rows()) == seats
    assert len(shows[0].rows()[0]) <= 50


def test_shows_come_before_the_crowd_and_a_last_look_after_it_and_both_are_in_the_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: SimpleNamespace
) -> None:
    del clock
    created = Told(201, {"id": "x", "seats": 1}, "one")
    office = Office(
        Told(503, {"code": "unavailable"}, "one"), EdgeError("cut", 0), created, created, map_of("1", "sold")
    )
    monkeypatch.setattr(own, "ask", office.ask)
    monkeypatch.setattr(seat_rush, "ask", office.ask)
    sent: list[tuple[Plan, int]] = []
    monkeypatch.setattr(seat_rush, "send_crowd", lambda plan, _: sent.append((plan, len(office.asked))))
    cue = cue_of(VariantDirectory(tmp_path).create().path)
    SCENARIO.play(cue, Parameters(seats=20, shows=2))
    assert [(method, path) for method, path, _ in office.asked[:4]] == [("POST", "/shows")] * 4
    assert [asked for _, asked in sent] == [4], "both stand, after two that were lost"
    history = list(read_history(cue.directory.history))
    assert [(each.op, each.f, each.client, each.outcome) for each in history] == [
        (-1, "show", SCENE, "ok"),
        (-2, "show", SCENE, "ok"),
        (-3, "seat_map", SCENE, "ok"),
        (-4, "seat_map", SCENE, "ok"),
    ]
    assert [attempt.status for attempt in history[0].attempts] == [503, 0, 201]
    assert history[0].args["show_id"] == "show-1"
    assert [each.args for each in history[2:]] == [
        {"show_id": "show-1", "rest": True},
        {"show_id": "show-2", "rest": True},
    ]


def test_what_is_refused_for_good_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: SimpleNamespace
) -> None:
    del clock
    office = Office(Told(409, {"code": "already-exists"}, "one"))
    monkeypatch.setattr(own, "ask", office.ask)
    cue = cue_of(VariantDirectory(tmp_path).create().path)
    with pytest.raises(EdgeError, match="already-exists"):
        SCENARIO.play(cue, Parameters())
    assert len(office.asked) == 1
    [told] = read_history(cue.directory.history)
    assert (told.outcome, told.value, told.attempts[0].code) == ("fail", None, "already-exists")


def rest(monkeypatch: pytest.MonkeyPatch, *answers: Told | EdgeError) -> int:
    """Wait for rest with these answers; return how often was looked."""
    office = Office(*answers)
    monkeypatch.setattr(seat_rush, "ask", office.ask)
    seat_rush.come_to_rest(cue_of(Path("nowhere")), shows_of(Parameters(shows=1)), None, 2)
    return len(office.asked)


def test_it_waits_until_nothing_is_held_and_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
) -> None:
    held = rest(monkeypatch, map_of("1", "held"), EdgeError("cut", 0), map_of("2", "held"), map_of("3", "free", "sold"))
    assert clock.now == pytest.approx(seat_rush.STILL_S + 3 * seat_rush.REST_EVERY_S, abs=0.3)
    settled_s = clock.now
    again = rest(monkeypatch, *(map_of(f"{number}", "free") for number in range(9)))
    assert clock.now - settled_s > seat_rush.STILL_S + 7 * seat_rush.REST_EVERY_S, "a change begins the wait anew"
    assert 4 < held < again


@pytest.mark.parametrize("answer", [map_of("1", "held"), EdgeError("cut", 0), Told(503, None, None)])
def test_it_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace, answer: Told | EdgeError
) -> None:
    rest(monkeypatch, answer)
    assert clock.now == pytest.approx(2 + seat_rush.REST_S_MAX, abs=1)


def test_its_rules_are_checkers_and_a_naive_service_breaks_some_of_them() -> None:
    assert set(SCENARIO.checkers) <= set(all_checkers())
    naive, setnx = SCENARIO.variants
    assert (naive.expected, naive.lab) == ("invalid", True)
    assert naive.breaks < set(SCENARIO.checkers)
    assert (setnx.expected, setnx.lab, setnx.breaks) == ("valid", False, frozenset())


def test_its_chapter_is_short() -> None:
    assert SCENARIO.chapter is not None
    assert SCENARIO.load_s(SCENARIO.chapter.parameters) <= LOAD_S_MAX


def test_a_seat_that_is_sold_twice_is_counted_and_one_that_is_pinned_is_none(tmp_path: Path) -> None:
    directory = VariantDirectory(tmp_path).create()
    assert count_seats(directory) == {}, "no ledger, no figure"
    rows = [("a", "sold"), ("a", "sold"), ("b", "sold"), ("c", "pinned")]
    lines = [f'{{"show_id":"s","seat_id":"{seat}","state":"{state}"}}' for seat, state in rows]
    directory.ledger("reservation.taken").write_text("\n".join(lines) + "\n")
    assert count_seats(directory) == {"sold": 3, "oversold": 1}
    directory.ledger("reservation.taken").write_text(lines[0][:9])
    assert count_seats(directory) == {}
