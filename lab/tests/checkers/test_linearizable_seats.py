"""Porcupine finds an order wherever a right service may have acted, and none where a guard is missing."""

import runpy
import stat
from pathlib import Path

import pytest

from trivet_lab.checkers import _porcupine

TOLD = runpy.run_path(str(Path(__file__).with_name("seats_told.py")))
CASES = {
    name: case
    for file in ("test_bad_seats.py", "test_bad_holds.py")
    for name, case in runpy.run_path(str(Path(__file__).with_name(file)))["CASES"].items()
}
SIMULATED = runpy.run_path(str(Path(__file__).with_name("test_simulated_seats.py")))
RULE = "seats_linearizable"
CAUGHT = frozenset(
    {
        "a_free_seat_was_refused",
        "a_grant_within_an_extension",
        "a_hold_came_after_its_release",
        "a_hold_met_itself",
        "a_hold_that_had_expired_still_stood_in_the_way",
        "a_hold_that_was_released_still_stood_in_the_way",
        "a_pin_proves_that_the_hold_stood_all_the_time",
        "an_expired_hold_was_confirmed",
        "an_expired_hold_was_extended",
        "one_of_two_named_seats_was_free",
        "the_map_has_forgotten_who_pinned",
        "the_map_says_sold_where_it_is_pinned",
        "two_held_a_seat_and_memory_was_lost_later",
        "two_held_a_seat_at_once",
        "two_were_granted_a_seat_while_both_were_in_flight",
        "what_is_pinned_was_granted_after_memory_was_lost",
        "what_is_pinned_was_granted_before_its_release",
        "what_is_sold_was_granted",
        "what_is_sold_was_granted_after_memory_was_lost",
        "what_its_order_released_still_stood_in_the_way",
        "what_its_order_released_was_pinned_by_it",
        "what_memory_had_lost_still_stood_in_the_way",
        "what_was_released_was_extended",
    }
)
"""The bad histories that are told in operations alone, whatever ledgers and prices say."""


def ruling(hall):
    return hall.judge({RULE})[RULE]


def test_a_right_history_has_an_order(hall) -> None:
    finding = ruling(hall)
    assert (finding.verdict, finding.witness) == ("valid", [])
    assert finding.observed == "7 histories of seats and small shows, each has an order"
    assert not (hall.directory.path / "seats_linearizable.html").exists()


@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_a_bad_history_has_none(hall, name) -> None:
    CASES[name][1](hall)
    finding = ruling(hall)
    assert finding.verdict == "invalid", finding.observed
    assert "drawn in seats_linearizable.html" in finding.observed
    assert 1 <= len(finding.witness) <= 10
    assert all("attempts" in line for line in finding.witness)
    assert "<html" in (hall.directory.path / "seats_linearizable.html").read_text()


@pytest.mark.parametrize("crowd", SIMULATED["CROWDS"])
def test_a_right_reservation_always_has_an_order(new_hall, crowd) -> None:
    for seed in range(25):
        hall = SIMULATED["simulate"](new_hall, None, seed, **SIMULATED["CROWDS"][crowd])
        assert ruling(hall).verdict == "valid", (seed, ruling(hall).observed)


@pytest.mark.parametrize(
    ("broken", "crowd"),
    [
        ("PlainDelete", "calm"),
        ("NoTokenAtPin", "calm"),
        ("Naive", "calm"),
        ("NotReloaded", "wiped"),
        ("ClientsClock", "calm"),
        ("OneByOne", "calm"),
        ("ConfirmsExpired", "calm"),
        ("NoTombstone", "calm"),
        ("NoOrderTombstone", "calm"),
        ("Stingy", "calm"),
        ("Unloaded", "wiped"),
        ("NeverSwept", "lossy"),
    ],
)
def test_what_lacks_a_guard_has_none(new_hall, broken, crowd) -> None:
    verdicts = (
        ruling(SIMULATED["simulate"](new_hall, SIMULATED["BROKEN"][broken], seed, **SIMULATED["CROWDS"][crowd]))
        for seed in range(SIMULATED["SEEDS_MAX"])
    )
    assert any(finding.verdict == "invalid" for finding in verdicts)


def test_two_seats_are_refused_at_one_instant(hall) -> None:
    """Each seat has an order, and the show has none: when a-7 was held a-8 was free, and the other way round."""
    hall.hold("ivo/1", "a-7", (3000, 3010))
    hall.do("release", "ivo/1", (3300, 3310))
    hall.hold("kim/1", "a-8", (3400, 3410))
    TOLD["refused"](hall, "leo/1", "a-7 a-8", "a-7", 3200, 3500)
    assert ruling(hall).verdict == "valid"
    TOLD["refused"](hall, "mia/1", "a-7 a-8", "a-7 a-8", 3200, 3500)
    finding = ruling(hall)
    assert (finding.verdict, "what was told of hall/*" in finding.observed) == ("invalid", True)


def test_a_pin_that_was_given_up_on_its_way_kept_its_seat_meanwhile(hall) -> None:
    hall.hold("ivo/1", "a-8", (3000, 3010))
    args = {"show_id": "hall", "id": "ivo/1", "subject": "ivo", "order_id": "o-9"}
    told = hall.tell("pin", args, (409, {"code": "hold-expired", "status": 409}), (3500 * 10**6, 6500 * 10**6))
    TOLD["refused"](hall, "jan/1", "a-8", "a-8", 4500, 4510)
    assert ruling(hall).verdict == "valid"
    told["attempts"][0]["return_ns"] = 3510 * 10**6  # while the hold stood: it was refused, and never began
    assert ruling(hall).verdict == "invalid"


def test_without_the_program_nobody_can_tell(hall, monkeypatch) -> None:
    monkeypatch.setattr(_porcupine, "program", lambda: None)
    finding = ruling(hall)
    assert (finding.verdict, "was not built: `make test` builds it" in finding.observed) == ("unknown", True)


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 3", "trivet-porcupine failed"), ("echo '{'", "the checker failed"), ("sleep 60", "gave no answer")],
)
def test_a_program_that_fails_settles_nothing(hall, monkeypatch, tmp_path, script, said) -> None:
    program = tmp_path / "trivet-porcupine"
    program.write_text(f"#!/bin/sh\nexec sh -c {script!r}\n" if "'" not in script else f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(_porcupine, "program", lambda: program)
    monkeypatch.setattr(_porcupine, "_GRACE_S", 0.1)
    monkeypatch.setattr(_porcupine.ask, "__defaults__", (0.1,))
    finding = ruling(hall)
    assert (finding.verdict, said in finding.observed) == ("unknown", True), finding.observed


def test_a_search_that_takes_too_long_settles_nothing(hall, monkeypatch) -> None:
    monkeypatch.setattr(_porcupine.ask, "__defaults__", (0,))
    finding = ruling(hall)
    assert (finding.verdict, "the time was too short for hall/a-" in finding.observed) == ("unknown", True)


def test_nobody_asked_for_a_seat(hall) -> None:
    hall.history = hall.history[-1:]
    finding = ruling(hall)
    assert (finding.verdict, finding.observed) == ("unknown", "nobody asked for a seat")
