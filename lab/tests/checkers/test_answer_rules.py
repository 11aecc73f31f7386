"""The rules over answers: a defect that a retry heals is found, and so is an interruption that nobody was to notice."""

from __future__ import annotations

from typing import Any

import pytest


def broken(sale, key: str, **answer: Any) -> dict[str, str]:
    """Return which rules catch it that the first attempt of an operation, which ended well, was answered so."""
    sale.operation(key)["attempts"][0].update(answer)
    return {name: found.observed for name, found in sale.judge().items() if found.verdict == "invalid"}


@pytest.mark.parametrize(
    "answer",
    [{"status": 500, "code": "internal"}, {"status": 500, "code": None}, {"status": 503, "code": "internal"}],
    ids=["problem", "bare", "by-its-code"],
)
@pytest.mark.parametrize("key", ["k1", "k7"])
def test_a_defect_is_found_behind_a_retry_that_healed_it(sale, key, answer) -> None:
    caught = broken(sale, key, **answer)
    assert caught.keys() == {"no_defects", "nobody_noticed"}
    assert caught["no_defects"].startswith("a:1 answered attempt 1 of operation")
    assert sale.findings()["no_defects"].witness == [sale.operation(key)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 0, "code": "cut"}, "of 12 attempts: 1 cut"),
        ({"status": 0, "code": "timeout"}, "of 12 attempts: 1 timeout"),
        ({"status": 503, "code": "unavailable"}, "of 12 attempts: 1 unavailable"),
        ({"status": 502, "code": None}, "of 12 attempts: 1 502"),
    ],
)
@pytest.mark.parametrize("key", ["k1", "k7"])
def test_who_was_let_down_once_has_noticed(sale, key, answer, told) -> None:
    caught = broken(sale, key, **answer)
    assert caught.keys() == {"nobody_noticed"}
    assert told in caught["nobody_noticed"]
    assert sale.findings()["nobody_noticed"].witness == [sale.operation(key)]


def test_a_busy_lock_and_an_empty_shelf_are_answers(sale) -> None:
    findings = sale.judge()
    assert {findings[name].verdict for name in ("no_defects", "nobody_noticed")} == {"valid"}


@pytest.mark.parametrize(
    ("action", "effective", "excused"), [("error", 15, True), ("error", None, False), ("pause:10", 15, False)]
)
def test_an_error_that_a_failpoint_raised_is_no_defect(sale, action, effective, excused) -> None:
    sale.break_part("failpoint", "inventory-api-1", 8, effective, 24)["evidence"] = f'{{"action":"{action}","hit":3}}'
    assert ("no_defects" in broken(sale, "k1", status=500, code="internal")) is not excused
    sale.operation("k7")["attempts"][0].update(status=500, code="internal")
    assert "no_defects" in sale.invalid(), "one was asked for, and these are two"
