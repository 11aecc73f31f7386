"""The rules over runs with faults: a fault that proves nothing is told, and a shop that stays away is caught."""

from pathlib import Path

import pytest

SECOND = 1_000_000_000


def nobody_is_served_after_the_last_heal(sale):
    """Buyers ask for six seconds, in vain."""
    for number in range(7):
        sale.add("unknown", "buy", f"n{number}", "cold", 1, (number * SECOND + 200, number * SECOND + 300, 503, "x"))
    sale.faults[0]["healed_ns"] = 121


def one_in_four_requests_fails_for_good(sale):
    for number in range(200):
        call = 6 * SECOND + number
        status = (0, "cut") if number % 4 == 0 else (429, "lock-busy")
        sale.add("unknown" if number % 4 == 0 else "fail", "buy", f"n{number}", "cold", 1, (call, call + 9, *status))


def the_first_decision_comes_too_late(sale):
    sale.faults[0]["healed_ns"] = 121
    sale.buy("late", "cold", 1, (200, 6 * SECOND, 200))


@pytest.mark.parametrize(
    "damage",
    [nobody_is_served_after_the_last_heal, one_in_four_requests_fails_for_good, the_first_decision_comes_too_late],
)
def test_a_shop_that_did_not_come_back_is_caught_by_its_rule_alone(sale, damage) -> None:
    damage(sale)
    assert sale.invalid() == {"available_after_heal"}
    assert 0 < len(sale.findings()["available_after_heal"].witness) <= 10


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"asked_ns": None, "effective_ns": None, "healed_ns": None}, "was never asked for"),
        ({"effective_ns": None}, "never took effect"),
        ({"effective_ns": 40_000, "healed_ns": 50_000}, "no operation was in flight"),
        ({"healed_ns": None}, "was never healed"),
    ],
)
def test_a_fault_that_proves_nothing_is_told(sale, change, says) -> None:
    sale.faults[0] |= change
    finding = sale.judge()["faults_effective"]
    assert finding.verdict == "unknown"
    assert f"pause of inventory-api-1{':' if 'no op' in says else ''} {says}" in finding.observed


def test_one_fault_without_effect_among_others_is_told(sale) -> None:
    sale.break_part("kill", "postgres", 20, None, 24)
    assert "kill of postgres never took effect" in sale.judge()["faults_effective"].observed


@pytest.mark.parametrize(
    ("write", "others"),
    [
        (Path.unlink, set()),
        (lambda path: path.write_text(""), set()),
        (
            lambda path: path.write_text("{"),
            {"leases_exclusive", "busy_legal", "no_defects"},
        ),  # what broke may excuse each
    ],
)
def test_without_a_record_of_faults_nothing_is_said_of_them(sale, write, others) -> None:
    sale.write()
    write(sale.directory.faults)
    verdicts = {name: finding.verdict for name, finding in sale.findings().items()}
    assert {name for name, verdict in verdicts.items() if verdict != "valid"} == {
        "faults_effective",
        "available_after_heal",
        *others,
    }
    assert "invalid" not in verdicts.values()


@pytest.mark.parametrize(
    ("healed_ns", "says"),
    [(10_000, "nobody asked for anything"), (None, "was never healed"), (111, "they ended after")],
)
def test_who_did_not_ask_long_enough_after_a_heal_says_nothing(sale, healed_ns, says) -> None:
    sale.history = [operation for operation in sale.history if operation["key"] != "k1"]
    sale.add("unknown", "buy", "n", "cold", 1, (150, 160, 503, "unavailable"))
    sale.faults[0]["healed_ns"] = healed_ns
    finding = sale.judge()["available_after_heal"]
    assert (finding.verdict, says in finding.observed) == ("unknown", True), finding.observed


def test_a_crowd_that_comes_late_is_served_in_time(sale) -> None:
    sale.history = [operation for operation in sale.history if operation["attempts"][-1]["return_ns"] < 100]
    sale.purchases = [row for row in sale.purchases if row["key"] != "k1"]
    sale.faults[0]["healed_ns"] = 121
    sale.buy("late", "cold", 1, (7 * SECOND, 7 * SECOND + 9, 200))
    assert sale.judge()["available_after_heal"].verdict == "valid"


def test_of_a_few_requests_no_share_is_judged(sale) -> None:
    sale.add("unknown", "buy", "alone", "cold", 1, (7 * SECOND, 7 * SECOND + 9, 503, "unavailable"))
    assert sale.judge()["available_after_heal"].verdict == "valid"
