"""The census judged: growth in each series is caught, a level is not, and too little to compare is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SECOND = 1_000_000_000
MIB = 1024 * 1024
LEVEL = {"memory_bytes": 100 * MIB, "descriptors": 40, "processes": 6}

Curve = Callable[[float], float | None]


def census(seconds: int, curves: dict[tuple[str, str], Curve], every_s: int = 2) -> list[dict]:
    """Return samples of these series; a curve is given the share of the time that has passed, and None is no sample."""
    return [
        {"at_ns": at_s * SECOND, "series": series, "label": label, "value": round(value)}
        for at_s in range(0, seconds + 1, every_s)
        for (series, label), curve in curves.items()
        if (value := curve(at_s / seconds)) is not None
    ]


def flat(**other: Curve) -> dict[tuple[str, str], Curve]:
    """Return level curves of two parts, but for these series of the second."""
    level: dict[tuple[str, str], Curve] = {
        (series, label): lambda _, value=value: value
        for label in ("envoy", "postgres")
        for series, value in LEVEL.items()
    }
    return level | {(series, "postgres"): curve for series, curve in other.items()}


def judge(sale, samples: list[dict]):
    sale.samples = samples
    return sale.judge()["resources_flat"]


def test_a_level_is_flat(sale) -> None:
    finding = judge(sale, census(120, flat()))
    assert finding.verdict == "valid"
    assert finding.observed.startswith("2 parts over 120 s")


@pytest.mark.parametrize(("series", "growth"), [("memory_bytes", 400 * MIB), ("descriptors", 60), ("processes", 100)])
def test_what_grows_to_the_end_is_caught_with_its_figures(sale, series: str, growth: int) -> None:
    begin = LEVEL[series]
    finding = judge(sale, census(120, flat(**{series: lambda share: begin + 2 * growth * share})))
    assert finding.verdict == "invalid"
    assert finding.observed.startswith("postgres grew from")
    [line] = finding.witness
    assert (line["part"], line["series"]) == ("postgres", series)
    assert line["settled"] < line["limit"] < line["end"]


@pytest.mark.parametrize(("series", "slack"), [("memory_bytes", 64 * MIB), ("descriptors", 16), ("processes", 32)])
def test_a_step_just_above_the_bound_is_caught_and_one_just_below_is_not(sale, series: str, slack: int) -> None:
    allowed = LEVEL[series] * 0.25 + slack
    verdicts = [
        judge(sale, census(120, flat(**{series: lambda s, by=by: LEVEL[series] + (by if s > 0.6 else 0)}))).verdict
        for by in (allowed - 1, allowed + max(1, allowed * 0.02))
    ]
    assert verdicts == ["valid", "invalid"]


def test_what_warms_up_first_is_flat(sale) -> None:
    assert judge(sale, census(120, flat(memory_bytes=lambda s: (20 + 400 * min(s, 0.24)) * MIB))).verdict == "valid"


def test_a_part_that_dies_and_grows_back_is_flat(sale) -> None:
    """Killed every twelfth of the time, it is away for a moment and begins with a third of what it had."""

    def killed(share: float) -> float | None:
        life = share * 12 % 1
        return None if life < 0.1 else (40 + 60 * min(1, 2 * life)) * MIB

    curves = flat(memory_bytes=killed, processes=lambda share: 0 if share * 12 % 1 < 0.1 else 6)
    assert judge(sale, census(240, curves)).verdict == "valid"


def test_a_part_that_was_small_in_the_middle_of_a_restart_is_not_its_level(sale) -> None:
    """It was young for most of the settled quarter: what it reaches there counts, not its average."""
    finding = judge(sale, census(240, flat(memory_bytes=lambda s: (30 if 0.25 < s < 0.45 else 100) * MIB)))
    assert finding.verdict == "valid"


def test_one_high_sample_at_the_end_decides_nothing(sale) -> None:
    assert judge(sale, census(120, flat(processes=lambda share: 90 if share > 0.97 else 6))).verdict == "valid"


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ([], "has no census"),
        ([{"at_ns": at, "series": "stock", "label": "hot", "value": 1} for at in (0, 90 * SECOND)], "has no census"),
        (census(58, flat()), "the census lasted 58 s"),
        (
            census(120, flat(memory_bytes=lambda share: None if share > 0.8 else 1)),
            "memory_bytes of postgres was counted",
        ),
        (census(120, flat(), every_s=20), "was counted 2 and 2 times"),
    ],
)
def test_too_little_to_compare_is_told(sale, samples: list[dict], says: str) -> None:
    finding = judge(sale, samples)
    assert (finding.verdict, says in finding.observed) == ("unknown", True), finding.observed


def test_growth_beside_too_little_of_another_part_is_still_growth(sale) -> None:
    curves = flat(descriptors=lambda share: 40 + 200 * share, memory_bytes=lambda share: None if share > 0.8 else 1)
    assert judge(sale, census(120, curves)).verdict == "invalid"


@pytest.mark.parametrize(
    ("text", "says"), [(None, "is missing"), ("{", "is damaged"), ('{"at_ns": 1}\n', "is damaged")]
)
def test_without_samples_nothing_is_said(sale, text: str | None, says: str) -> None:
    sale.write()
    sale.directory.samples.unlink()
    if text is not None:
        sale.directory.samples.write_text(text)
    finding = sale.findings()["resources_flat"]
    assert (finding.verdict, says in finding.observed) == ("unknown", True), finding.observed


def test_other_series_in_the_file_are_no_matter(sale) -> None:
    stock = [{"at_ns": at * SECOND, "series": "stock", "label": "hot", "value": 900 + 50 * at} for at in range(120)]
    assert judge(sale, [*census(120, flat()), *stock]).verdict == "valid"
