from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.evidence import Attempt, Operation, Outcome
from trivet_lab.latency import Histogram
from trivet_lab.report import series

MS = 1_000_000


def operation(
    end_ms: float, *, outcome: Outcome = "ok", call_ms: float = 0, status: int = 200, key: str = "k"
) -> Operation:
    attempt = Attempt(int(call_ms * MS), int(end_ms * MS), status, None, "127.0.0.1:1")
    value = {"purchase_id": f"p-{key}"} if outcome == "ok" else None
    return Operation(1, 1, "buy", {"item_id": "a", "quantity": 1}, key, outcome, value, [attempt])


def change(version: int, stock: int, *names: str, item: str = "a") -> series.StockChange:
    return series.StockChange(item, version, stock, names)


class TestThroughput:
    def test_rates_are_per_second_whatever_the_bucket(self) -> None:
        tally = series.HistoryTally()
        for end_ms in (10, 20, 30, 40):
            tally.add(operation(end_ms))
        tally.add(operation(450, outcome="fail", status=409))
        tally.add(operation(990, outcome="unknown", status=0))
        rates = tally.throughput(0.5, 1_000 * MS)
        assert rates.ok == [8.0, 0.0, 0.0]
        assert rates.fail == [2.0, 0.0, 0.0]
        assert rates.unknown == [0.0, 2.0, 0.0]

    @given(ends=st.lists(st.integers(0, 3_000_000), max_size=60))
    def test_no_operation_is_lost_in_a_bucket(self, ends: list[int]) -> None:
        tally = series.HistoryTally()
        for end_ms in ends:
            tally.add(operation(end_ms))
        width = series.bucket_width_s(tally.end_ns)
        rates = tally.throughput(width, tally.end_ns)
        assert sum(round(rate * width) for rate in rates.ok) == len(ends)
        assert len(rates.ok) <= series.BUCKETS_MAX + 2

    @pytest.mark.parametrize(("seconds", "width"), [(0, 0.2), (24, 0.2), (25, 0.5), (120, 1), (3600, 30)])
    def test_longer_runs_get_wider_buckets(self, seconds: float, width: float) -> None:
        assert series.bucket_width_s(int(seconds * series.NS_PER_S)) == width


class TestPercentiles:
    def test_marks_are_exact_by_nearest_rank(self) -> None:
        whole = series.percentiles_of_values(float(value) for value in range(1000, 0, -1))
        assert whole is not None
        assert whole.marks == {"50": 500, "90": 900, "99": 990, "99.9": 999, "100": 1000}
        assert whole.curve[0] == (0, 1)
        assert whole.curve[-1] == (3, 1000)

    def test_nothing_has_no_percentile_and_one_value_is_all_of_them(self) -> None:
        assert series.percentiles_of_values([]) is None
        assert series.percentiles_of_histogram(Histogram()) is None
        one = series.percentiles_of_values([7.5])
        assert one is not None
        assert one.curve == [(0, 7.5)]
        assert set(one.marks.values()) == {7.5}

    @given(values=st.lists(st.integers(1, 10_000_000), min_size=1, max_size=200))
    def test_a_histogram_tells_what_the_values_tell(self, values: list[int]) -> None:
        histogram = Histogram()
        for value in values:
            histogram.record(value)
        exact = series.percentiles_of_values(value / 1000 for value in values)
        kept = series.percentiles_of_histogram(histogram)
        assert exact is not None
        assert kept is not None
        assert [x for x, _ in kept.curve] == [x for x, _ in exact.curve]
        for (_, mine), (_, true) in zip(kept.curve, exact.curve, strict=True):
            assert math.isclose(mine, true, rel_tol=0.002, abs_tol=0.002)

    @given(values=st.lists(st.floats(0.01, 1e6), min_size=1, max_size=300))
    def test_the_curve_only_rises_and_ends_at_the_maximum(self, values: list[float]) -> None:
        whole = series.percentiles_of_values(values)
        assert whole is not None
        heights = [ms for _, ms in whole.curve]
        assert heights == sorted(heights)
        assert heights[-1] == pytest.approx(max(values), abs=0.001)

    def test_an_unanswered_operation_has_no_latency(self) -> None:
        tally = series.HistoryTally()
        tally.add(operation(5_000, outcome="unknown", status=0))
        tally.add(operation(30, call_ms=10))
        assert list(tally.latencies_ms) == [20.0]


class TestStockFromLedger:
    def test_a_change_is_no_later_than_the_answer_of_any_later_version(self) -> None:
        tracks = series.tracks_from_ledger(
            {"a": 3}, [change(1, 2, "k1"), change(2, 1, "k2"), change(3, 0, "k3")], {"k1": 90, "k2": 40, "k3": 70}
        )
        assert tracks == {"a": [(0, 3), (40, 2), (40, 1), (70, 0)]}

    def test_a_change_that_nobody_was_told_of_still_finds_its_place(self) -> None:
        tracks = series.tracks_from_ledger({"a": 2}, [change(1, 1), change(2, 0, "k2")], {"k2": 50})
        assert tracks["a"] == [(0, 2), (50, 1), (50, 0)]

    @given(st.lists(st.integers(0, 1_000), min_size=1, max_size=40))
    def test_no_line_runs_backwards(self, ends: list[int]) -> None:
        changes = [change(version, -version, f"k{version}") for version in range(len(ends))]
        times = {f"k{version}": end for version, end in enumerate(ends)}
        track = series.tracks_from_ledger({"a": 1}, changes, times)["a"]
        assert [at for at, _ in track] == sorted(at for at, _ in track)
        assert [value for _, value in track[1:]] == [-version for version in range(len(ends))]

    def test_the_history_knows_a_change_by_key_or_by_id(self) -> None:
        tally = series.HistoryTally(wanted={"k", "p-other"})
        tally.add(operation(4, key="k"))
        tally.add(operation(9, key="other"))
        tally.add(operation(11, key="stranger"))
        assert tally.ended_ns == {"k": 4 * MS, "p-other": 9 * MS}


class TestStockChart:
    def test_a_dip_below_zero_between_two_instants_is_drawn(self) -> None:
        track = [(0, 5), (101, -2), (102, 40)]
        chart = series.stock_chart({"a": track}, ["a"], end_ns=1000, points=10)
        assert chart.lines[0].values[:4] == [5, 5, -2, 40]
        assert chart.lines[0].lowest == -2
        assert chart.lines[0].last == 40

    def test_nothing_is_drawn_before_the_first_sample_and_all_after_the_last_is_carried(self) -> None:
        tracks = series.tracks_from_samples([(500, "a", 3), (250, "a", 9), (5_000, "a", 1)])
        chart = series.stock_chart(tracks, ["a"], end_ns=1000, points=4)
        assert chart.lines[0].values == [None, 9, 3, 3, 1]

    def test_what_fell_below_zero_is_chosen_before_what_sold_most(self) -> None:
        naive = {"hot": [(0, 100), (9, 0)], "cold": [(0, 3), (9, -1)], "still": [(0, 7)]}
        assert series.choose_items([naive, {"hot": [(0, 100)]}], limit=2) == ["cold", "hot"]

    def test_items_without_a_line_are_counted(self) -> None:
        tracks = {name: [(0, 1)] for name in "abcdef"}
        assert series.stock_chart(tracks, ["a", "gone"], 10).left_out == 5
