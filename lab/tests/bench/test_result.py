"""A result follows from its samples: what was written by hand is seen, and what cannot be told is not claimed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.bench import BenchError, Ceiling, Result, read_result, read_results, write_results
from trivet_lab.bench.result import commit_measured

MEMBERS = ["schema", "bench", "unit", "ours", "peer", "machine", "commit"]
MEMBERS += ["pairs", "ratio", "ratio_ci95", "bar", "aim", "met", "why"]
Make = Callable[..., Result]


def test_it_has_every_member_of_the_contract(result: Make, tmp_path: Path) -> None:
    write_results(tmp_path / "till.json", [result(bar=0.5, aim=1, why="so it is")])
    found = json.loads((tmp_path / "till.json").read_text())
    assert list(found)[: len(MEMBERS)] == MEMBERS
    assert (found["schema"], found["ours"], found["peer"], found["ratio"]) == (1, 12.5, 20, 0.625)
    assert found["ratio_ci95"] == [0.5, 0.75]
    assert found["met"] is True
    assert found["script"] == "shop/till/bench/till.py"


def test_what_was_written_is_read(result: Make, tmp_path: Path) -> None:
    both = [result(why="[1,2] as it stands"), result(bench="till-fast", ceiling=Ceiling(90, 13), figures={"a, ms": 2})]
    write_results(tmp_path / "both.json", both)
    assert read_results(tmp_path / "both.json") == both
    write_results(tmp_path / "till.json", both[:1])
    assert read_result(tmp_path / "till.json") == both[0]
    assert '"why": "[1,2] as it stands"' in (tmp_path / "till.json").read_text()
    assert "[10.0, 20.0]" in (tmp_path / "till.json").read_text(), "a pair is a line"


@pytest.mark.parametrize(
    ("fields", "met"),
    [
        ({}, None),
        ({"bar": 0.625}, True),
        ({"bar": 0.63}, False),
        ({"bar": 0.5, "ceiling": Ceiling(per_s=149, figure_per_s=100)}, None),
        ({"bar": 0.7, "ceiling": Ceiling(per_s=149, figure_per_s=100)}, None),
        ({"bar": 0.5, "ceiling": Ceiling(per_s=150, figure_per_s=100)}, True),
        ({"bound": True, "unit": "ms"}, True),
        ({"bound": True, "unit": "ms", "pairs": [(30, 20.0)] * 6}, False),
    ],
)
def test_a_bar_is_met_missed_or_unknown(result: Make, fields: dict[str, Any], met: object) -> None:
    assert result(**fields).met is met


def test_a_bound_is_divided_by_ours(result: Make) -> None:
    found = result(bound=True, unit="ms", pairs=[(50.0, 100.0)] * 6)
    assert (found.ratio, found.ratio_ci95, found.bar) == (2, (2, 2), 1)


def test_five_pairs_have_a_ratio_and_no_interval(result: Make) -> None:
    assert result(pairs=[(1.0, 2.0)] * 5).ratio_ci95 is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"pairs": []}, "no pairs of numbers above 0"),
        ({"pairs": [(1.0, 0.0)]}, "no pairs of numbers above 0"),
        ({"pairs": [(0.0, 1.0)]}, "a sample is a number above 0"),
        ({"pairs": [(float("nan"), 1.0)] * 6}, "a sample is a number above 0"),
        ({"bench": "Till"}, "lower case"),
        ({"bench": "../till"}, "lower case"),
        ({"compares": ""}, "does not say what it compares"),
        ({"bound": True, "pairs": [(1.0, 2.0), (1.0, 3.0)]}, "the same in every pair"),
    ],
)
def test_what_is_no_measurement_is_refused(result: Make, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchError, match=sentence):
        result(**fields)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ratio", 0.7, "ratio is 0.7, and its samples say 0.625"),
        ("ours", 13, "ours is 13.0, and its samples say 12.5"),
        ("ratio_ci95", [0.6, 0.7], "ratio_ci95"),
        ("met", True, "met is True, and its samples say False"),
        ("bar", 0.5, "met is False, and its samples say True"),
        ("pairs", [], "no samples"),
        ("pairs", [[1, 0]], "one of them is 0"),
        ("schema", 2, "its schema is 2"),
        ("unit", None, "unit"),
        ("faster", 1, "unknown field"),
    ],
)
def test_what_was_set_by_hand_is_seen(result: Make, tmp_path: Path, name: str, value: object, sentence: str) -> None:
    file = tmp_path / "till.json"
    write_results(file, [result(bar=0.9)])
    assert read_result(file).met is False
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    with pytest.raises(BenchError, match=sentence):
        read_result(file)


def test_a_file_holds_the_bench_of_its_name(result: Make, tmp_path: Path) -> None:
    write_results(tmp_path / "other.json", [result()])
    with pytest.raises(BenchError, match="must hold the bench other alone"):
        read_result(tmp_path / "other.json")


def test_benches_own_output_does_not_make_a_checkout_another_one(root: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(root), *identity, *words], check=True, capture_output=True)

    assert commit_measured(root) == "unknown"
    git("init")
    page, file = root / "docs" / "benchmarks.md", root / "docs" / "benchmarks" / "till.json"
    file.parent.mkdir(parents=True)
    for path in (page, file):
        path.write_text("before")
    git("add", ".")
    git("commit", "-m", "all")
    for path in (page, file):
        path.write_text("after")
    clean = commit_measured(root)
    assert len(clean) == 12
    (root / "tools" / "bootstrap.py").write_text("another")
    assert commit_measured(root) == f"{clean}+"
