import itertools

import pytest

from trivet_lab.evidence import Latency, Load, VariantResult
from trivet_lab.verdict import combine, judge


def variant(verdict, expected, *, as_expected=True) -> VariantResult:
    return VariantResult("v", verdict, expected, [], {}, 0.0, Latency(0, 0, 0), Load(0, 0), as_expected=as_expected)


@pytest.mark.parametrize("verdicts", list(itertools.product(["valid", "invalid", "unknown"], repeat=3)))
def test_invalid_beats_unknown_beats_valid(verdicts) -> None:
    worst = next(verdict for verdict in ("invalid", "unknown", "valid") if verdict in verdicts)
    assert combine(verdicts) == worst


def test_of_nothing_nothing_is_known() -> None:
    assert combine([]) == "unknown"


@pytest.mark.parametrize(
    ("variants", "verdict", "exit_code"),
    [
        ([("valid", "valid"), ("invalid", "invalid")], "valid", 0),
        ([("valid", "valid"), ("valid", "invalid")], "valid", 1),
        ([("invalid", "valid"), ("invalid", "invalid")], "invalid", 1),
        ([("invalid", "valid"), ("unknown", "invalid")], "invalid", 1),
        ([("unknown", "valid"), ("invalid", "invalid")], "unknown", 2),
        ([("valid", "valid"), ("unknown", "invalid")], "valid", 2),
        ([("unknown", "unknown"), ("valid", "valid")], "valid", 0),
        ([("valid", "unknown")], "unknown", 1),
        ([("invalid", "invalid")], "unknown", 0),
        ([], "unknown", 2),
    ],
)
def test_a_run_is_judged_over_what_was_expected(variants, verdict, exit_code) -> None:
    assert judge([variant(*each) for each in variants]) == (verdict, exit_code)


def test_invalid_for_another_reason_than_expected_differs() -> None:
    assert judge([variant("invalid", "invalid", as_expected=False)]).exit_code == 1
