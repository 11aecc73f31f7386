import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.latency import Histogram
from trivet_lab.latency.histogram import highest_of, index_of

values = st.integers(min_value=0, max_value=2**40)


def filled(latencies_us):
    histogram = Histogram()
    for latency_us in latencies_us:
        histogram.record(latency_us)
    return histogram


@given(st.lists(values, min_size=1, max_size=200), st.integers(0, 100_000))
def test_a_percentile_is_the_nearest_rank_within_a_thousandth_and_never_below(latencies_us, thousandths):
    histogram = filled(latencies_us)
    rank = max(1, -(-thousandths * len(latencies_us) // 100_000))
    truth = sorted(latencies_us)[rank - 1]
    assert truth <= histogram.percentile(thousandths / 1000) <= truth + truth / 1000
    assert histogram.count == len(latencies_us)
    assert histogram.max == histogram.percentile(100) == highest_of(index_of(max(latencies_us)))
    assert histogram.min == histogram.percentile(0)


@given(values)
def test_a_place_holds_its_own_highest_value_and_the_next_value_is_the_next_places(value):
    highest = highest_of(index_of(value))
    assert index_of(highest) == index_of(value)
    assert index_of(highest + 1) == index_of(value) + 1


@given(st.lists(values, max_size=50), st.lists(values, max_size=50))
def test_merging_counts_as_if_recorded_together(some, others):
    assert filled(some).merge(filled(others)) == filled(some + others)


def test_values_below_two_thousand_are_exact():
    histogram = filled(range(1, 101))
    assert [histogram.percentile(p) for p in (1, 50, 99, 99.9, 100)] == [1, 50, 99, 100, 100]
    assert histogram.mean == 50.5


def test_a_rank_that_floating_point_misses_by_a_hair_is_still_the_rank():
    thousand = filled(range(1000))
    assert [thousand.percentile(per_mille / 10) for per_mille in range(1, 1001)] == list(range(1000))


def test_an_empty_histogram_says_zero():
    empty = Histogram()
    assert (empty.count, empty.min, empty.max, empty.percentile(99.0), empty.mean) == (0, 0, 0, 0, 0)


def test_time_does_not_run_backwards_and_a_percentile_has_bounds():
    with pytest.raises(ValueError, match="-1 µs"):
        Histogram().record(-1)
    with pytest.raises(ValueError, match=r"not 100\.1"):
        Histogram().percentile(100.1)
