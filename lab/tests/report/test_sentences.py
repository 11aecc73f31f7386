from __future__ import annotations

import pytest

from trivet_lab.evidence import Finding, Latency, Load, Results, VariantResult, Verdict
from trivet_lab.report import words
from trivet_lab.report.trade import MONEY, trade_of
from trivet_lab.scenarios import find_scenarios


def variant(
    name: str, got: Verdict, expected: Verdict = "valid", *, oversold: int = 0, **changes: bool
) -> VariantResult:
    rule = "No purchase is lost."
    return VariantResult(
        name, got, expected, [Finding("no_lost", rule, "one is", got)], {}, 1.0, Latency(1, 2, 3), Load(0.1, 0.2),
        {"sold": 100 + oversold, "oversold": oversold}, changes.get("as_expected", got == expected),
    )  # fmt: skip


def results(*variants: VariantResult) -> Results:
    return Results("r", "flash-sale", "valid", "valid", list(variants))


@pytest.mark.parametrize(
    ("got", "expected", "as_expected", "told"),
    [
        ("valid", "valid", True, ("✓", "valid")),
        ("invalid", "invalid", True, ("✓", "invalid, as it must be")),
        ("invalid", "valid", False, ("✗", "invalid")),
        ("valid", "invalid", False, ("✗", "valid, but it must be invalid")),
        ("invalid", "invalid", False, ("✗", "invalid, but not for the reason it must be")),
        ("unknown", "valid", False, ("?", "unknown")),
        ("unknown", "invalid", False, ("?", "unknown")),
    ],
)
def test_a_verdict_is_told_beside_what_was_expected(
    got: Verdict,
    expected: Verdict,
    as_expected: bool,  # noqa: FBT001  - pytest gives it by name
    told: tuple[str, str],
) -> None:
    assert words.verdict_words(got, expected, as_expected=as_expected) == told


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        (
            [
                variant("naive", "invalid", "invalid", oversold=57),
                variant("advisory", "valid"),
                variant("redlock", "valid"),
            ],
            "naive sold 57 tickets that did not exist; advisory and redlock sold none too many.",
        ),
        ([variant("naive", "invalid", "invalid", oversold=1)], "naive sold 1 ticket that did not exist."),
        ([variant("redlock", "valid")], "redlock never sold a ticket that did not exist."),
        ([variant("redlock", "invalid")], "redlock broke “No purchase is lost.”."),
        (
            [variant("naive", "invalid", "invalid", oversold=2), variant("redlock", "unknown")],
            "naive sold 2 tickets that did not exist; redlock could not be judged.",
        ),
        ([], "Nothing was judged in this run."),
    ],
)
def test_the_headline_needs_no_knowledge(variants: list[VariantResult], sentence: str) -> None:
    assert words.headline(results(*variants), trade_of("flash-sale")) == sentence


def test_of_money_it_is_told_what_was_lost() -> None:
    naive = variant("naive", "invalid", "invalid")
    naive.figures.clear()
    naive.figures.update(spent=9_000, lost=1_200)
    told = words.headline(results(naive, variant("optimistic", "valid")), trade_of("double-spend"))
    assert told == "naive has balances that are 1,200 minor units off their postings; optimistic lost none."
    alone = words.headline(results(variant("optimistic", "valid")), trade_of("double-spend"))
    assert alone == "optimistic spent no money twice and lost none."


def test_a_status_means_what_the_trade_says() -> None:
    assert trade_of("flash-sale").status_words(409) == "out of stock"
    assert trade_of("double-spend").status_words(402) == "not enough money"
    assert trade_of("of tomorrow").unit == "unit"


def test_the_mark_of_a_run_is_that_of_its_worst_variant() -> None:
    good, unsure, bad = variant("a", "valid"), variant("b", "unknown"), variant("c", "invalid")
    assert words.run_words(results(good))[0] == "✓"
    assert words.run_words(results(good, unsure))[0] == "?"
    assert words.run_words(results(good, unsure, bad))[0] == "✗"
    assert words.run_words(results())[0] == "?"


def test_a_run_that_must_fail_whole_has_no_verdict_of_its_own() -> None:
    naive = variant("naive", "invalid", "invalid", oversold=2)
    assert words.seal_words(results(naive))[0] == "as expected"
    assert words.seal_words(results(naive, variant("redlock", "valid")))[0] == "valid"


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.04, "0.04 ms"), (12.34, "12.3 ms"), (153.9, "154 ms"), (3037, "3.04 s"), (61_000, "61.0 s")],
)
def test_durations_have_about_three_digits(value: float, told: str) -> None:
    assert words.duration_ms(value) == told


@pytest.mark.parametrize("name", sorted(find_scenarios()))
def test_a_report_speaks_of_what_its_scenario_is_about(name: str) -> None:
    """Who only pays is told of money, who checks out of orders, and who buys of what there was."""
    members = set(find_scenarios()[name].members)
    assert (trade_of(name) is MONEY) == (members == {"wallet"})
    assert (trade_of(name).harm == "wronged") == (members > {"order", "wallet"})
